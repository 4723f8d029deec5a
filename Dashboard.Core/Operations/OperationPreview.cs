using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations;

/// <summary>What a command would do, before it is done: the same decision that the act itself takes, with its consequences in numbers.</summary>
public sealed record OperationPreview
{
    /// <summary>The action as the audit names it.</summary>
    public required string Action { get; init; }

    public required string Target { get; init; }

    /// <summary>The revision that was looked at: pass it back as the expected revision.</summary>
    public required long Revision { get; init; }

    /// <summary>Why it would be refused; null = it would be carried out.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>True when there is nothing to do.</summary>
    public bool NoChange { get; init; }

    /// <summary>True when it needs an override with a reason, which was given.</summary>
    public bool Overridden { get; init; }

    /// <summary>The operation that is open already and would be returned; null = a new one would be opened.</summary>
    public long? ExistingOperation { get; init; }

    /// <summary>What happens in one sentence, for example <c>37 % of cart's traffic moves to 2 instances, each +18 %</c>.</summary>
    public required string Summary { get; init; }

    /// <summary>Each service whose traffic would change. Also filled in for a command that the guard refuses.</summary>
    public ImmutableArray<ServiceImpact> Services { get; init; } = [];

    /// <summary>Ids of the data planes whose acknowledgement would count.</summary>
    public ImmutableArray<string> Followers { get; init; } = [];

    /// <summary>Open operations on the same targets that it would end.</summary>
    public ImmutableArray<long> Replaces { get; init; } = [];

    /// <summary>Open operations and plans that touch the same services and go on beside it, newest first; at most 20.</summary>
    public ImmutableArray<Collision> Collisions { get; init; } = [];

    /// <summary>A plan's waves, as they would be from the state as it is now; at most <see cref="WavesShown"/>.</summary>
    public ImmutableArray<WavePreview> Waves { get; init; } = [];

    /// <summary>All of a plan's waves; 0 for an act that has none.</summary>
    public int WaveCount { get; init; }

    /// <summary>How many waves of a plan are told; the rest are only counted.</summary>
    public const int WavesShown = 50;
}

/// <summary>Something that is under way on the same services.</summary>
/// <param name="IsPlan">A plan; else an operation.</param>
/// <param name="Action">For example <c>instance.drain</c>, or a plan's kind.</param>
public sealed record Collision(bool IsPlan, long Id, string Action, string Target, string Actor);

/// <summary>What one wave of a plan would do after those before it.</summary>
/// <param name="Percent">Weight shifts: the new version's part, 1-100.</param>
/// <param name="Node">The host whose own intent takes over; null for a wave of instances.</param>
/// <param name="Refusal">Why the guard would stop the plan here; null = it would not.</param>
/// <param name="Services">How many of each touched service would serve after it.</param>
/// <param name="MostLoaded">The instance that would carry the most more than before the plan; null = none more.</param>
/// <param name="Growth">How much more, 0.18 = 18 %.</param>
public sealed record WavePreview(
    int Number, ImmutableArray<InstanceKey> Instances, int? Percent, string? Node, string? Refusal, ImmutableArray<WaveService> Services, InstanceKey? MostLoaded, double? Growth);

/// <summary>A service after a wave.</summary>
/// <param name="Floor">Serving instances that must remain.</param>
public sealed record WaveService(string Service, int Serving, int Floor);

/// <summary>What a command does to one service.</summary>
/// <param name="Floor">Serving instances that must remain.</param>
/// <param name="MovedShare">Part of the service's traffic that goes elsewhere, 0-1.</param>
/// <param name="Approximate">The policy looks at requests in flight: shares are only what it tends to.</param>
/// <param name="RpsNow">Requests per second of the service now; null = nobody reports.</param>
/// <param name="ZonesLeftEmpty">Zones in which nobody would serve any more.</param>
public sealed record ServiceImpact(
    string Service,
    int ServingBefore,
    int ServingAfter,
    int Floor,
    bool PanicBefore,
    bool PanicAfter,
    double MovedShare,
    bool Approximate,
    double? RpsNow,
    ImmutableArray<string> ZonesLeftEmpty,
    ImmutableArray<InstanceImpact> Instances)
{
    /// <summary>The guard lets an operator do this.</summary>
    public bool WithinFloor => ServingAfter >= ServingBefore || ServingAfter >= Floor;

    /// <summary>The service's highest requests per second over 10 s within the last five minutes; null = nobody reports.</summary>
    public double? RpsPeak { get; init; }

    /// <summary>How many more serving instances an operator could still take out before the guard refuses; negative = so many below its floor.</summary>
    public int SpareBeforeFloor { get; init; }

    /// <summary>How many more eligible instances may be lost before the service panics; null = never, or it panics already.</summary>
    public int? SpareBeforePanic { get; init; }
}

/// <summary>What a command does to one instance's load.</summary>
/// <param name="WeightBefore">Effective weight; 0 when it does not serve.</param>
/// <param name="ShareBefore">Intended share, 0-1.</param>
/// <param name="RpsNow">Requests per second now; null = nobody reports.</param>
/// <param name="Growth">Growth of its load, 0.18 = 18 % more; null when it carries nothing now.</param>
public sealed record InstanceImpact(string Id, int WeightBefore, int WeightAfter, double ShareBefore, double ShareAfter, double? RpsNow, double? RpsAfter, double? Growth)
{
    /// <summary>Requests per second that it would carry when the service's peak of the last minutes comes again; null = nobody reports.</summary>
    public double? PeakAfter { get; init; }
}
