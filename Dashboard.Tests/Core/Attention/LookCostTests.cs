using System.Collections.Immutable;
using System.Diagnostics;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Rules;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Tests.Core.Attention;

/// <summary>What a look costs at 1,000 services and 10,000 instances: it grows with what changed and with what is wrong, not with what there is.</summary>
public sealed class LookCostTests(ITestOutputHelper output)
{
    private const int Services = 1000;
    private const int Each = 10;
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly RuleEvaluator _rules = new(new());
    private readonly AlertLife _life = new(new());
    private readonly TrafficWatch _traffic = new();
    private readonly List<Dashboard.Core.Attention.Finding> _findings = [];
    private AlertBoard _board = AlertBoard.Empty;
    private DateTimeOffset _now = Start;
    private TrafficFrame _frame = TrafficFrame.Empty;

    [Fact]
    public void AQuietMesh_AllocatesNextToNothing_AndALostOneIsBounded()
    {
        var mesh = Mesh(HealthStatus.Healthy);
        Looks("warm-up", mesh, 20);

        var (quiet, quietBytes) = Looks("quiet, a frame of all 10,000 instances every 5 s", mesh, 100);
        var restless = Enumerable.Range(0, 100).Select(number => mesh = Change(mesh, number)).ToArray();
        var (_, restlessBytes) = Looks("one service changes before each look", restless);
        var lost = Mesh(HealthStatus.Unhealthy);
        Looks("everything is lost, the first look", lost, 1);
        Looks("everything is lost, going on", lost, 60);

        Assert.Equal(2 * AlertLife.Maximum, _board.Alerts.Length);
        Assert.True(_board.Omitted > 5000);
        // Bytes do not depend on how busy the machine is: 1,000 readings every five looks, and the table of services when the registry is another.
        Assert.InRange(quietBytes, 0, 100_000);
        Assert.InRange(restlessBytes, 0, 400_000);
        Assert.True(quiet < TimeSpan.FromMilliseconds(250), $"a quiet look takes {quiet.TotalMilliseconds:0.0} ms");
    }

    private (TimeSpan Time, long Bytes) Looks(string what, RegistrySnapshot mesh, int looks) => Looks(what, [.. Enumerable.Repeat(mesh, looks)]);

    private (TimeSpan Time, long Bytes) Looks(string what, RegistrySnapshot[] meshes)
    {
        var (elapsed, bytes) = (TimeSpan.Zero, 0L);
        foreach (var mesh in meshes)
        {
            _now += TimeSpan.FromSeconds(1);
            if (_now - _frame.Until >= TrafficStore.FrameRateWindow)
                _frame = Frame(mesh, _now);
            var (allocated, began) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            var known = new Known(mesh, new(null, _now, null), OperationBoard.Empty, [], _traffic.Step(mesh, _frame, _now));
            _rules.Evaluate(known, _now, _findings);
            _board = _life.Step(_findings, ImmutableDictionary<long, AlertMark>.Empty, _board, _now)?.Board ?? _board;
            elapsed += Stopwatch.GetElapsedTime(began);
            bytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
        }

        output.WriteLine($"{what}: {elapsed.TotalMilliseconds / meshes.Length:0.00} ms and {bytes / meshes.Length / 1024.0:0.0} KB a look, {_findings.Count} conditions hold");
        return (elapsed / meshes.Length, bytes / meshes.Length);
    }

    private static RegistrySnapshot Mesh(HealthStatus health) => RegistrySnapshot.Load(Guid.NewGuid(), 1, Start, Entities(health));

    private static IEnumerable<EntityChange> Entities(HealthStatus health)
    {
        for (var number = 0; number < Services; number++)
        {
            var service = $"s{number}";
            yield return new ServiceChange(service, null, new(ServiceSettings.Default, 1));
            for (var i = 0; i < Each; i++)
            {
                var key = new InstanceKey(service, $"{service}-{i}");
                yield return new InstanceChange(key, null, new(new() { Address = $"10.{number / 250}.{number % 250}.{i}", Port = 80, Node = $"n{(number * Each + i) % 500}" }, 1, Start));
                yield return new HealthChange(key, null, new(health, Start, "seen", 3));
            }
        }
    }

    private static RegistrySnapshot Change(RegistrySnapshot mesh, int number)
    {
        var key = new InstanceKey($"s{number}", $"s{number}-0");
        return mesh.Apply(new()
        {
            Revision = mesh.Revision + 1,
            At = Start,
            Actor = Actor.System("health"),
            Action = "instance.health",
            Target = key.Service,
            Changes = [new HealthChange(key, mesh.FindInstance(key)!.Health, new(HealthStatus.Degraded, Start, "slow", 1))],
        });
    }

    private static TrafficFrame Frame(RegistrySnapshot mesh, DateTimeOffset until) => new()
    {
        Until = until,
        Services = mesh.Services.Keys.ToDictionary(name => name, name => new ServiceTraffic(name, new(1000, 1000, 0, 200, 1, 2, 3), 0, 0, true, until), StringComparer.Ordinal),
        Instances = mesh.Services.Values.SelectMany(service => service.Instances.Values).ToDictionary(instance => instance.Key, instance => new InstanceTraffic(instance.Key, new(100, 100, 0, 20, 1, 2, 3), 0, 0, true, until)),
    };
}
