using Dashboard.Core.Registry;
using Dashboard.Core.Topology;

namespace Dashboard.Web.Console.State;

/// <summary>How many instances operators keep from new requests, by what they decided: on the instance itself or on its host.</summary>
/// <param name="FirstBack">When the first maintenance among them ends by itself; null when none does.</param>
public readonly record struct OutOfRotation(int Draining, int Drained, int InMaintenance, DateTimeOffset? FirstBack)
{
    public bool IsNone => Draining + Drained + InMaintenance == 0;

    public static OutOfRotation Of(IEnumerable<Instance> instances)
    {
        ArgumentNullException.ThrowIfNull(instances);
        var count = default(OutOfRotation);
        foreach (var intent in instances.Select(instance => instance.EffectiveIntent))
        {
            count = intent.Kind switch
            {
                IntentKind.Draining => count with { Draining = count.Draining + 1 },
                IntentKind.Drained => count with { Drained = count.Drained + 1 },
                IntentKind.Maintenance => count with { InMaintenance = count.InMaintenance + 1, FirstBack = Earlier(count.FirstBack, intent.Until) },
                _ => count,
            };
        }

        return count;
    }

    public static OutOfRotation Of(TopologyNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return new(node.Draining, node.Drained, node.InMaintenance, node.BackAt);
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => b is null || a <= b ? a : b;
}
