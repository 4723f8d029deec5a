using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>What the waves of a plan change, for its guards and previews. Pure.</summary>
public static class PlanEffects
{
    /// <summary>The changes of intent and weight that a wave amounts to; what somebody else changed meanwhile is left out, as the wave itself leaves it out.</summary>
    /// <param name="from">Acts before this one are left out: they are done.</param>
    public static ImmutableArray<EntityChange> Of(RegistrySnapshot snapshot, PlanDefinition plan, ImmutableArray<ShiftedWeight> weights, int wave, int from = 0)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(plan);
        var current = plan.Waves[wave];
        if (current.Percent is { } percent)
        {
            return [.. ShiftWeights.At(snapshot, plan.Selection.Service!, plan.Shift!, weights, percent)
                .Where(set => snapshot.OperatorStateOf(set.Key).Weight != set.Set)
                .Select(EntityChange (set) => Change(snapshot, set.Key, state => state with { Weight = set.Set }))];
        }

        if (current.Node is { } node)
        {
            return snapshot.Nodes.GetValueOrDefault(node) is { Intent.IsActive: true } host
                ? [new NodeChange(node, host.State, new(new() { Kind = IntentKind.Draining }, host.State?.Revision ?? 0))]
                : [];
        }

        var kind = plan.Kind switch { PlanKind.Drain => IntentKind.Draining, PlanKind.Maintenance => IntentKind.Maintenance, _ => IntentKind.Active };
        return [.. current.Targets.Skip(from).Where(target => IsAsExpected(snapshot, target))
            .Select(EntityChange (target) => Change(snapshot, target.Key, state => state with { Intent = new() { Kind = kind } }))];
    }

    /// <summary>The instance is there and nobody changed its intent since the plan was opened.</summary>
    public static bool IsAsExpected(RegistrySnapshot snapshot, PlanTarget target)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return snapshot.FindInstance(target.Key) is { } instance
            && (target.Before is { } before ? instance.Operator.Intent == before : instance.Operator.Intent.IsActive && instance.NodeIntent.IsActive);
    }

    private static OperatorChange Change(RegistrySnapshot snapshot, InstanceKey key, Func<OperatorState, OperatorState> change)
    {
        var before = snapshot.OperatorStates.GetValueOrDefault(key);
        return new(key, before, change(before ?? OperatorState.None));
    }
}
