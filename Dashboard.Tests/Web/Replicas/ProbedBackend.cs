using System.Collections.Concurrent;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>One real HTTP server that stands for many instances, told apart by the path of their check: remembers which console asked for which, in the order in which they came.</summary>
internal sealed class ProbedBackend : IAsyncDisposable
{
    private readonly Backend _server;
    private readonly ConcurrentQueue<Probe> _probes;

    private ProbedBackend(Backend server, ConcurrentQueue<Probe> probes) => (_server, _probes) = (server, probes);

    public int Port => _server.Port;

    public IReadOnlyCollection<Probe> Probes => _probes;

    public static async Task<ProbedBackend> StartAsync()
    {
        var probes = new ConcurrentQueue<Probe>();
        var server = await Backend.StartAsync("probed", context =>
        {
            // dashboard-health/1 (http://console)
            var agent = context.Request.Headers.UserAgent.ToString();
            if (agent.IndexOf('(', StringComparison.Ordinal) is var open and >= 0)
                probes.Enqueue(new(context.Request.Path.Value!.TrimStart('/'), agent[(open + 1)..^1], TimeProvider.System.GetTimestamp()));
            return Task.CompletedTask;
        });
        return new(server, probes);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

/// <summary>One health check that arrived.</summary>
/// <param name="Console">Where the console that asked is reached.</param>
internal sealed record Probe(string Instance, string Console, long At);
