using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Core.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Support;

/// <summary>
/// The store alone in a process of its own, to be stopped, paused or killed: this very program, started as <c>store follow CONNECTION</c>.
/// </summary>
internal static class StoreChild
{
    /// <summary>The child's side.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        await using var registry = new PostgresRegistry(
            new() { ConnectionString = args[1], RetryInterval = TimeSpan.FromMilliseconds(50), PollInterval = TimeSpan.FromMilliseconds(500) }, TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(CancellationToken.None);
        await FollowAsync(registry);
        return 0;
    }

    /// <summary>Starts a child; its lines come as they are printed.</summary>
    public static Process Start(string role, string connectionString, Action<string> line)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "exec", typeof(StoreChild).Assembly.Location, "store", role, connectionString })
            start.ArgumentList.Add(argument);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, printed) => Take(printed.Data);
        process.ErrorDataReceived += (_, printed) => Take(printed.Data is null ? null : "ERROR " + printed.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Take(string? text)
        {
            if (text is not null)
                line(text);
        }
    }

    /// <summary>Every kind of write, on instances of this writer's own; tells of each that is acknowledged.</summary>
    public static async Task WriteAsync(IRegistry registry, string writer, Action<long, string> acknowledged, CancellationToken cancellationToken)
    {
        var service = $"service-{writer.GetHashCode(StringComparison.Ordinal) & 3}";
        for (var n = 0; !cancellationToken.IsCancellationRequested; n++)
        {
            var key = new InstanceKey(service, $"{writer}-{n % 10}");
            RegistryCommand command = (n / 10 % 4) switch
            {
                0 => RegistryStore.Register(service, key.Id, port: 1 + n % 10),
                1 => new RecordHealth(service, [new(key, new(HealthStatus.Healthy, new(2026, 1, 1, 0, 0, n % 60, TimeSpan.Zero), "connected", 2))]),
                2 => new DrainInstance(key, TimeSpan.FromSeconds(300)) { Reason = "by the test", Override = true },
                _ => new DeregisterInstance(key),
            };
            var actor = command is DrainInstance ? RegistryStore.Operator : RegistryStore.Service;
            switch (await registry.ExecuteAsync(command, actor, CancellationToken.None))
            {
                case CommandResult.Committed { Change: { } change }:
                    acknowledged(change.Revision, change.Target);
                    break;
                case CommandResult.Unavailable:
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
                    break;
            }
        }
    }

    /// <summary>Prints each update's revisions; for every line that it is sent, the snapshot as text.</summary>
    private static async Task FollowAsync(PostgresRegistry registry)
    {
        using var ended = new CancellationTokenSource();
        var following = registry.Feed.FollowAsync(
            state => Print($"STATE {state.Revision}"),
            update => Print($"CHANGES {update.Before.Revision} {string.Join(' ', update.Changes.Select(change => change.Revision))}"),
            ended.Token,
            capacity: 100_000);
        while (await Console.In.ReadLineAsync(CancellationToken.None) is not null)
            Console.WriteLine($"DUMP {registry.Current.Revision} {Convert.ToBase64String(Encoding.UTF8.GetBytes(RegistryStore.Dump(registry.Current)))}");
        await ended.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        static ValueTask Print(string line)
        {
            Console.WriteLine(line);
            return ValueTask.CompletedTask;
        }
    }
}
