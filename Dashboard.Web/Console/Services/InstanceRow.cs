using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Console.Services;

/// <summary>One instance in the service's table: registry and traffic side by side.</summary>
/// <param name="Serves">It gets new requests.</param>
/// <param name="Traffic">What it carries; null when nobody reports.</param>
/// <param name="Share">Intended against actual share since the last change that matters; null when it neither serves nor gets anything.</param>
/// <param name="Operation">The open operation on it; null = none.</param>
public sealed record InstanceRow(Instance Instance, bool Serves, InstanceTraffic? Traffic, ShareEvidence? Share, OperationView? Operation)
{
    public string Id => Instance.Id;

    /// <summary>Its service's settings.</summary>
    public required ServiceSettings Settings { get; init; }

    /// <summary>The service's policy does not follow weights exactly.</summary>
    public bool Approximate { get; init; }

    /// <summary>It is shown as it was: nothing can be done to it.</summary>
    public bool IsPast { get; init; }

    /// <summary>The share that fills a bar, of all rows, 0-1.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>What it reads.</summary>
    public InstanceText Text { get; private init; } = null!;

    /// <summary>Its node's intent is what keeps it from traffic.</summary>
    public bool Inherits => !Instance.NodeIntent.IsActive && Instance.EffectiveIntent == Instance.NodeIntent;

    /// <summary>What the drain's followers say is open; null when nothing is being drained here.</summary>
    public DrainingInstance? Draining => Operation?.Drain?.Instances.FirstOrDefault(draining => draining.Key == Instance.Key);

    /// <summary>The row with what it reads; the row before it where that says the same.</summary>
    /// <param name="before">The same instance's; null = none.</param>
    internal InstanceRow Written(InstanceRow? before) => before is not null && before == this with { Text = before.Text } ? before : this with { Text = new(this, before?.Text) };
}
