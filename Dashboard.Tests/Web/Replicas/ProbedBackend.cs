using System.Collections.Concurrent;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>One real HTTP server that stands for many instances, told apart by the path of their check: remembers which console asked for which, in the order in which they came.</summary>
internal sealed class ProbedBackend : IAsyncDisposable
{
    private const string Id = "one";

    private readonly Backend _server;
    private readonly ConcurrentQueue<Probe> _probes;
    private readonly string _prefix;

    private ProbedBackend(string prefix, Backend server, ConcurrentQueue<Probe> probes) => (_prefix, _server, _probes) = (prefix, server, probes);

    public IReadOnlyCollection<Probe> Probes => _probes;

    /// <param name="prefix">What the names of its services begin with.</param>
    /// <param name="answer">Gives the status that a check is answered with; null = 200 for all.</param>
    public static async Task<ProbedBackend> StartAsync(string prefix = "probed", Func<Probe, Task<int>>? answer = null)
    {
        var probes = new ConcurrentQueue<Probe>();
        var server = await Backend.StartAsync(prefix, async context =>
        {
            // dashboard-health/1 (http://console)
            var agent = context.Request.Headers.UserAgent.ToString();
            if (agent.IndexOf('(', StringComparison.Ordinal) is not (var open and >= 0))
                return;
            var probe = new Probe(context.Request.Path.Value!.TrimStart('/'), agent[(open + 1)..^1], TimeProvider.System.GetTimestamp());
            probes.Enqueue(probe);
            if (answer is not null)
                context.Response.StatusCode = await answer(probe);
        });
        return new(prefix, server, probes);
    }

    /// <summary>Registers so many services of one instance each, all here, and waits until each was probed a few times.</summary>
    /// <param name="fall">How many failures in a row make an instance unhealthy. Only an answer is one: a check may take a minute.</param>
    public async Task RegisterAsync(ThreeConsoles three, int instances, int fall = 3)
    {
        for (var number = 0; number < instances; number++)
        {
            await ThreeConsoles.PutAsync(
                three.All[number % 2], $"{_prefix}-{number}", new { check = new { kind = "http", path = $"/{_prefix}-{number}", intervalSeconds = 0.5, timeoutSeconds = 60, fall } }, (Id, new { address = "127.0.0.1", port = _server.Port }));
        }

        await AllProbedAsync(three, instances);
    }

    /// <summary>Waits until each instance was probed a few times more.</summary>
    public Task AllProbedAsync(ThreeConsoles three, int instances)
    {
        var from = _probes.Count;
        return three.UntilAsync(() => Task.FromResult(_probes.Skip(from).GroupBy(probe => probe.Instance).Count(probes => probes.Count() >= 3) == instances), "all instances are probed");
    }

    /// <summary>The instances that a console was the last to probe.</summary>
    public string[] OwnedBy(string console) => [.. _probes.GroupBy(probe => probe.Instance).Where(same => same.Last().Console == console).Select(same => same.Key)];

    /// <summary>How many seconds after a moment another console than this one probed an instance first; infinity = none did yet.</summary>
    public double FirstOther(string instance, string console, long since) =>
        _probes.FirstOrDefault(probe => probe.At > since && probe.Instance == instance && probe.Console != console) is { } first ? TimeProvider.System.GetElapsedTime(since, first.At).TotalSeconds : double.PositiveInfinity;

    /// <summary>
    /// How many probes came since a count of them, and how many of those beside another owner's. Each new owner of a share is a new epoch, so an instance is looked at by another console at most as often as its share's epoch
    /// rose, unless two look at it at once.
    /// </summary>
    /// <exception cref="Xunit.Sdk.XunitException">Two consoles looked at one instance in turn. A check that was on its way when its console was stopped may arrive after the next owner's first: once there and
    /// back for each time that it changed hands.</exception>
    public (int Count, int Beside) Beside(int since, long[] epochsBefore, long[] epochsAfter)
    {
        var counted = _probes.Skip(since).ToArray();
        var beside = 0L;
        foreach (var probes in counted.GroupBy(probe => probe.Instance))
        {
            var turns = probes.Zip(probes.Skip(1)).Count(pair => pair.First.Console != pair.Second.Console);
            var shard = HealthShard.Of(new InstanceKey(probes.Key, Id));
            var owners = epochsAfter[shard] - epochsBefore[shard];
            beside += Math.Max(0, turns - owners);
            Assert.True(turns <= owners * 3, $"{probes.Key} changed hands {owners} times, but was looked at in turn by {string.Join(' ', probes.Select(probe => probe.Console))}");
        }

        return (counted.Length, (int)beside);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

/// <summary>One health check that arrived.</summary>
/// <param name="Console">Where the console that asked is reached.</param>
internal sealed record Probe(string Instance, string Console, long At);
