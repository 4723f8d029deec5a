using System.Collections.Immutable;
using System.Diagnostics;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Rules;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Tests.Support;

/// <summary>Looks at 1,000 services and 10,000 instances, one a second, as the console does: rules, life of alerts, traffic. Tells what a look takes.</summary>
internal sealed class AttentionLoad(Action<string> print)
{
    private const int Services = 1000;
    private const int Each = 10;
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly RuleEvaluator _rules = new(new());
    private readonly AlertLife _life = new(new());
    private readonly TrafficWatch _traffic = new();
    private readonly List<Finding> _findings = [];
    private DateTimeOffset _now = Start;
    private TrafficFrame _frame = TrafficFrame.Empty;

    public AlertBoard Board { get; private set; } = AlertBoard.Empty;

    public (TimeSpan Time, long Bytes) Looks(string what, RegistrySnapshot mesh, int looks) => Looks(what, [.. Enumerable.Repeat(mesh, looks)]);

    public (TimeSpan Time, long Bytes) Looks(string what, RegistrySnapshot[] meshes)
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
            Board = _life.Step(_findings, ImmutableDictionary<long, AlertMark>.Empty, Board, _now)?.Board ?? Board;
            elapsed += Stopwatch.GetElapsedTime(began);
            bytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
        }

        print($"{what}: {elapsed.TotalMilliseconds / meshes.Length:0.00} ms and {bytes / meshes.Length / 1024.0:0.0} KB a look, {_findings.Count} conditions hold");
        return (elapsed / meshes.Length, bytes / meshes.Length);
    }

    public static RegistrySnapshot Mesh(HealthStatus health) => RegistrySnapshot.Load(Guid.NewGuid(), 1, Start, Entities(health));

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

    public static RegistrySnapshot Change(RegistrySnapshot mesh, int number)
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
