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
}

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
}

/// <summary>What a command does to one instance's load.</summary>
/// <param name="WeightBefore">Effective weight; 0 when it does not serve.</param>
/// <param name="ShareBefore">Intended share, 0-1.</param>
/// <param name="RpsNow">Requests per second now; null = nobody reports.</param>
/// <param name="Growth">Growth of its load, 0.18 = 18 % more; null when it carries nothing now.</param>
public sealed record InstanceImpact(string Id, int WeightBefore, int WeightAfter, double ShareBefore, double ShareAfter, double? RpsNow, double? RpsAfter, double? Growth);
