using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// The weights that give one version of a service a part of its traffic. The split is by the versions' totals, over their instances that are active and not unhealthy; within a
/// version the proportions of the weights from before the shift stay. Pure.
/// </summary>
internal static class ShiftWeights
{
    // The smallest weight that a step sets, where 10,000 is the largest there is: rounding then moves an instance's share by at most half a percent of itself.
    private const double Fine = 100;

    /// <summary>What a step sets, by instance, newcomers of either version included.</summary>
    /// <param name="known">What the shift has set so far: it remembers what was before.</param>
    /// <param name="percent">The new version's part, 1-100.</param>
    public static ImmutableArray<ShiftedWeight> At(RegistrySnapshot snapshot, string service, ShiftSettings shift, ImmutableArray<ShiftedWeight> known, int percent)
    {
        if (!snapshot.TryGetService(service, out var found))
            return known;

        var before = known.ToDictionary(weight => weight.Key, weight => weight.Before);
        var old = Members(found, shift.From, before, isNew: false);
        var next = Members(found, shift.To, before, isNew: true);
        var (oldTotal, nextTotal) = (Total(old), Total(next));
        if (percent >= 100)
        {
            return
            [
                .. old.Select(member => new ShiftedWeight(member.Key, member.Before, 0)),
                .. next.Select(member => new ShiftedWeight(member.Key, member.Before, member.Before == 0 ? member.Base : member.Before)),
            ];
        }

        var parts = old.Select(member => (member, part: oldTotal == 0 ? 0 : member.Base / oldTotal * (100 - percent)))
            .Concat(next.Select(member => (member, part: nextTotal == 0 ? 0 : member.Base / nextTotal * percent))).ToArray();
        var (least, most) = (parts.Where(each => each.part > 0).Select(each => each.part).DefaultIfEmpty(1).Min(), parts.Select(each => each.part).DefaultIfEmpty(1).Max());
        var scale = Math.Min(Fine / least, SetWeights.MaxWeight / most);
        return [.. parts.Select(each => new ShiftedWeight(each.member.Key, each.member.Before, each.part <= 0 ? 0 : Math.Clamp((int)Math.Round(each.part * scale), 1, SetWeights.MaxWeight)))];
    }

    /// <summary>True while an instance of either version carries a weight that no step gave it because it registered since.</summary>
    public static bool HasNewcomers(RegistrySnapshot snapshot, Plan plan)
    {
        var shift = plan.Asked.Shift!;
        return snapshot.TryGetService(plan.Asked.Selection.Service!, out var service)
            && service.Instances.Values.Any(instance => (instance.Registration.Version == shift.From || instance.Registration.Version == shift.To) && plan.Weights.All(weight => weight.Key != instance.Key));
    }

    private static Member[] Members(ServiceSnapshot service, string version, Dictionary<InstanceKey, int?> known, bool isNew) =>
    [
        .. service.Instances.Values.Where(instance => instance.Registration.Version == version).Select(instance =>
        {
            var before = known.TryGetValue(instance.Key, out var kept) ? kept : instance.Operator.Weight;
            // A new version waits at weight 0 for its shift; an old instance at 0 was taken out.
            var weight = before is null or 0 && isNew ? instance.Registration.Weight : before ?? instance.Registration.Weight;
            return new Member(instance.Key, before, isNew && weight == 0 ? 100 : weight, instance.EffectiveIntent.IsActive && instance.HealthStatus is HealthStatus.Healthy or HealthStatus.Degraded);
        }),
    ];

    private static double Total(Member[] members) =>
        members.Where(member => member.Counts).Sum(member => (double)member.Base) is > 0 and var total ? total : members.Sum(member => (double)member.Base);

    private readonly record struct Member(InstanceKey Key, int? Before, int Base, bool Counts);
}
