using System.Collections.Immutable;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Nodes;

/// <summary>One host with what runs on it.</summary>
internal sealed record NodeRow
{
    public required string Name { get; init; }

    public required Intent Intent { get; init; }

    /// <summary>Ordered by service and id.</summary>
    public required ImmutableArray<Instance> Instances { get; init; }

    /// <summary>How many of them get new requests.</summary>
    public required int Serving { get; init; }

    /// <summary>Instances by health, worst first.</summary>
    public required ImmutableArray<(MeshState State, int Count)> Health { get; init; }

    /// <summary>Those of them that operators keep from new requests, by themselves or with the whole host.</summary>
    public OutOfRotation Out => OutOfRotation.Of(Instances);

    /// <summary>Requests per second of all of them; null when nobody reports.</summary>
    public double? Rps { get; init; }

    /// <summary>Open requests and connections; null when nobody reports.</summary>
    public long? InFlight { get; init; }

    /// <summary>The open operation on the node; null = none.</summary>
    public OperationView? Operation { get; init; }

    public string Zone => Instances.Select(instance => instance.Registration.Zone).FirstOrDefault(zone => zone is not null) ?? "";

    public int Services => Instances.Select(instance => instance.Key.Service).Distinct().Count();

    public static NodeRow Of(NodeSnapshot node, RegistrySnapshot snapshot, TrafficFrame? frame, OperationBoard board)
    {
        ImmutableArray<Instance> instances = [.. node.Instances.Select(snapshot.FindInstance).OfType<Instance>().OrderBy(instance => instance.Key.ToString(), StringComparer.Ordinal)];
        var traffic = frame is null ? null : instances.Select(instance => frame.Instances.GetValueOrDefault(instance.Key)).OfType<InstanceTraffic>().ToArray();
        return new()
        {
            Name = node.Name,
            Intent = node.Intent,
            Instances = instances,
            Serving = instances.Count(instance => snapshot.Services[instance.Key.Service].Serving.Endpoints.Any(endpoint => endpoint.Id == instance.Id)),
            Health = [.. instances.GroupBy(instance => instance.HealthStatus).OrderByDescending(group => Urgency(group.Key)).Select(group => (MeshStates.Of(group.Key), group.Count()))],
            Rps = traffic?.Sum(instance => instance.Figures.Rps),
            InFlight = traffic is null || traffic.Any(instance => !instance.InFlightComplete && instance.InFlight == 0) ? null : traffic.Sum(instance => instance.InFlight),
            Operation = board.Open.FirstOrDefault(view => view.Operation.Node == node.Name),
        };
    }

    private static int Urgency(HealthStatus health) => health switch
    {
        HealthStatus.Unhealthy => 3,
        HealthStatus.Degraded => 2,
        HealthStatus.Unknown => 1,
        _ => 0,
    };
}
