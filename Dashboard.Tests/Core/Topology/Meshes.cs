using CsCheck;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Core.Topology;

/// <summary>Random steps of a small mesh: what operators, instances, probes and traffic may do to it.</summary>
internal static class Meshes
{
    public static readonly Actor Someone = new("ada", ActorKind.Operator);

    private static readonly Gen<InstanceKey> AnyKey = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], (service, instance) => new InstanceKey(Name(service), $"i-{instance}"));

    public static readonly Gen<RegistryCommand> AnyCommand = Gen.Select(AnyKey, Gen.Int[0, 9], Gen.Enum<HealthStatus>(), Gen.Int[0, 2], (key, what, health, zone) => (RegistryCommand)(what switch
    {
        < 3 => new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 8000 + Math.Abs(HashOf(key)), Zone = zone == 0 ? null : $"zone-{zone}" }),
        < 6 => new RecordHealth(key.Service, [new(key, new(health, DateTimeOffset.UnixEpoch, null, 1))]),
        6 => new DeregisterInstance(key) { Override = true, Reason = "test" },
        7 => new DrainInstance(key) { Override = true, Reason = "test" },
        8 => new UndrainInstance(key) { Reason = "test" },
        _ => new DeleteService(key.Service) { Override = true, Reason = "test" },
    }));

    public static readonly Gen<TrafficFrame> AnyTraffic = Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 3]).Array[0, 6].Select(calls => new TrafficFrame
    {
        Edges = calls.DistinctBy(call => (call.Item1, call.Item2)).Select(call => new EdgeKey(Name(call.Item1), Name(call.Item2)))
            .ToDictionary(key => key, key => new EdgeTraffic(key, Figures(key.Source.Length + calls.Length), DateTimeOffset.UnixEpoch)),
        Services = calls.DistinctBy(call => call.Item2).Select(call => Name(call.Item2))
            .ToDictionary(name => name, name => new ServiceTraffic(name, Figures(calls.Length), calls.Length, 0, calls.Length % 2 == 0, null)),
        Instances = calls.DistinctBy(call => (call.Item2, call.Item3)).Select(call => new InstanceKey(Name(call.Item2), $"i-{call.Item3}"))
            .ToDictionary(key => key, key => new InstanceTraffic(key, Figures(calls.Length), 1, 0, true, null)),
    });

    public static string Name(int index) => index switch { 0 => "cart", 1 => "orders", 2 => "redis.data", 3 => "queue.data", 4 => TrafficSource.External, _ => "batch" };

    public static TrafficFigures Figures(int requests) => new(requests, requests, requests / 3, requests / 5.0, 1.5, requests, null);

    public static void Apply(this InMemoryRegistry registry, RegistryCommand command) => registry.Execute(command, Someone);

    private static int HashOf(InstanceKey key) => key.Id[^1] - '0' + 10 * key.Service.Length;
}
