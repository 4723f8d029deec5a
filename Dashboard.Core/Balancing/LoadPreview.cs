using System.Collections.Immutable;

namespace Dashboard.Core.Balancing;

/// <summary>One instance's part of the traffic before and after a change.</summary>
/// <param name="ShareBefore">Intended share before, 0-1.</param>
/// <param name="ShareAfter">Intended share after, 0-1.</param>
/// <param name="RpsNow">Requests per second that it carries now; null when nobody reports.</param>
/// <param name="RpsAfter">Requests per second that it will carry if the service's total stays; null when nobody reports.</param>
public sealed record InstanceLoad(string Instance, double ShareBefore, double ShareAfter, double? RpsNow, double? RpsAfter)
{
    /// <summary>
    /// Growth of its load, 0.18 = 18 % more: from measured rates where there is a measurable rate now, else from intended shares. Null when it carries nothing now.
    /// </summary>
    public double? Growth => RpsNow is > 0 && RpsAfter is { } after ? after / RpsNow.Value - 1
        : ShareBefore > 0 ? ShareAfter / ShareBefore - 1
        : null;
}

/// <summary>What a change of weights or intents does to the load of those that go on serving: the numbers that previews show before anything is applied.</summary>
/// <param name="Instances">Everyone who serves before or after, by id.</param>
/// <param name="MovedShare">Part of the service's traffic that goes elsewhere than before, 0-1.</param>
/// <param name="Approximate">The policy looks at requests in flight, so that shares are only what it tends to.</param>
public sealed record LoadPreview(ImmutableArray<InstanceLoad> Instances, double MovedShare, bool Approximate)
{
    /// <summary>Instances that get more than before.</summary>
    public int Receivers => Instances.Count(load => load.ShareAfter > load.ShareBefore + Epsilon);

    /// <summary>The survivor whose load grows most; null when nobody's does.</summary>
    public InstanceLoad? MostLoaded => Instances.Where(load => load.ShareAfter > load.ShareBefore + Epsilon).MaxBy(load => load.Growth ?? double.MaxValue);

    private const double Epsilon = 1e-9;

    /// <summary>Spreads the service's present rate over the shares after the change.</summary>
    /// <param name="rpsNow">Requests per second by instance id, from reports; null when nobody reports. Those that are not in it carry nothing.</param>
    public static LoadPreview Compare(SharePrediction before, SharePrediction after, IReadOnlyDictionary<string, double>? rpsNow)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var total = rpsNow?.Values.Sum();
        var loads = ImmutableArray.CreateBuilder<InstanceLoad>();
        var moved = 0.0;
        foreach (var id in before.Shares.Keys.Union(after.Shares.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (from, to) = (before.Of(id), after.Of(id));
            moved += Math.Max(0, from - to);
            loads.Add(new(id, from, to, rpsNow is null ? null : rpsNow.GetValueOrDefault(id), total * to));
        }

        return new(loads.ToImmutable(), moved, before.Approximate || after.Approximate);
    }
}
