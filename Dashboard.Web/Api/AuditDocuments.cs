using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

/// <param name="Before">Pass it back as <c>before</c> for the next page; null = this was the last.</param>
internal sealed record AuditDocument(IReadOnlyList<ChangeDocument> Changes, long? Before);

/// <summary>One row of the change log.</summary>
internal sealed record ChangeDocument(
    long Revision,
    DateTimeOffset At,
    ActorDocument Actor,
    string Action,
    string Target,
    string? Reason,
    long? Operation,
    IReadOnlyList<EntityDocument> Changes)
{
    /// <summary>How the operation ended, or that it is open; null = there is none.</summary>
    public OperationOutcome? Outcome { get; init; }

    /// <summary>Changes with how their operations ended.</summary>
    public static async Task<ImmutableArray<ChangeDocument>> FromAsync(IChangeHistory history, ImmutableArray<RegistryChange> changes, CancellationToken cancellationToken)
    {
        var operations = await history.FindOperationsAsync([.. changes.Select(change => change.Operation).OfType<long>().Distinct()], cancellationToken);
        var outcomes = operations.ToDictionary(operation => operation.Id, operation => operation.Outcome);
        return [.. changes.Select(change => From(change) with { Outcome = change.Operation is { } id && outcomes.TryGetValue(id, out var outcome) ? outcome : null })];
    }

    public static ChangeDocument From(RegistryChange change) => new(
        change.Revision,
        change.At,
        new(change.Actor.Name, change.Actor.Kind, change.Actor.Address),
        change.Action,
        change.Target,
        change.Reason,
        change.Operation,
        [.. change.Changes.Select(EntityDocument.From)]);
}

internal sealed record ActorDocument(string Name, ActorKind Kind, string? Address);

/// <summary>A stored thing before and after; null stands for absent.</summary>
internal sealed record EntityDocument(string Kind, string Target, object? Before, object? After)
{
    public static EntityDocument From(EntityChange change) => change switch
    {
        ServiceChange service => new("service", service.Name, Settings(service.Before), Settings(service.After)),
        BrakeChange brake => new("brake", brake.Service, BrakeDocument.From(brake.Before), BrakeDocument.From(brake.After)),
        InstanceChange instance => new("instance", instance.Key.ToString(), Entry(instance.Before), Entry(instance.After)),
        HealthChange health => new("health", health.Key.ToString(), Health(health.Before), Health(health.After)),
        OperatorChange state => new("operator", state.Key.ToString(), State(state.Before), State(state.After)),
        NodeChange node => new("node", $"node:{node.Name}", Node(node.Before), Node(node.After)),
        FollowerChange follower => new("follower", $"follower:{follower.Id}", Follower(follower.Before), Follower(follower.After)),
        WithholdingChange withholding => new("withholding", "registry:", WithheldDocument.From(withholding.Before), WithheldDocument.From(withholding.After)),
        OperationChange operation => new("operation", $"operation:{operation.Id}", Operation(operation.Before), Operation(operation.After)),
        PlanChange plan => new("plan", $"plan:{plan.Id}", PlanStateDocument.From(plan.Before), PlanStateDocument.From(plan.After)),
        AlertMarkChange mark => new("alertMark", FormattableString.Invariant($"silence:{mark.Id}"), MarkDocument.From(mark.Before), MarkDocument.From(mark.After)),
        _ => throw new InvalidOperationException($"Unknown entity change {change.GetType().Name}."),
    };

    private static SettingsDocument? Settings(ServiceDefinition? definition) => definition is null ? null : SettingsDocument.From(definition.Settings);

    private static EntryDocument? Entry(InstanceEntry? entry) => entry is null ? null : new(
        entry.Registration.Address,
        entry.Registration.Port,
        entry.Registration.Weight,
        entry.Registration.Zone,
        entry.Registration.Node,
        entry.Registration.Version,
        entry.Registration.Metadata,
        entry.Registration.Ttl?.TotalSeconds);

    private static HealthDocument? Health(HealthState? health) => health is null ? null : HealthDocument.From(health);

    private static OperatorDocument? State(OperatorState? state) => state is null ? null : new(state.Weight, IntentDocument.From(state.Intent), RampDocument.From(state.Ramp), state.AbsentSince);

    private static IntentDocument? Node(NodeState? state) => state is null ? null : IntentDocument.From(state.Intent);

    private static FollowerStateDocument? Follower(FollowerRecord? follower) =>
        follower is null ? null : new(follower.Kind, follower.Address, follower.Services?.ToArray(), follower.Acknowledged, follower.LastSeen, follower.Connected);

    private static OperationStateDocument? Operation(Operation? operation) =>
        operation is null ? null : new(operation.Action, operation.Outcome, operation.Deadline, operation.AtDeadline, operation.ClosedBecause);
}

internal sealed record EntryDocument(string Address, int Port, int Weight, string? Zone, string? Node, string? Version, IReadOnlyDictionary<string, string> Metadata, double? TtlSeconds);

internal sealed record OperatorDocument(int? Weight, IntentDocument Intent, RampDocument? Ramp, DateTimeOffset? AbsentSince);

internal sealed record OperationStateDocument(string Action, OperationOutcome Outcome, DateTimeOffset? Deadline, DeadlineAction? AtDeadline, string? ClosedBecause);

internal sealed record FollowerStateDocument(string? Kind, string? Address, IReadOnlyList<string>? Services, long Acknowledged, DateTimeOffset? LastSeen, bool Connected);

/// <summary>What walking the hash chain of the change log found.</summary>
/// <param name="Checked">Rows that were read.</param>
/// <param name="Checkpoint">The last revision that retention dropped; 0 = the log is whole.</param>
/// <param name="Head">The revision up to which was read.</param>
/// <param name="Hash">Of that revision, in hexadecimal: kept elsewhere, it shows later whether the whole log was written anew.</param>
/// <param name="BrokenAt">The first revision that is missing or not as it was written; null = intact.</param>
internal sealed record VerificationDocument(bool Intact, long Checked, long Checkpoint, long Head, string Hash, long? BrokenAt, string? Problem, DateTimeOffset At, double Seconds)
{
    public static VerificationDocument From(ChainVerdict verdict) => new(
        verdict.Result.IsIntact,
        verdict.Result.Checked,
        verdict.Result.Checkpoint,
        verdict.Result.Head,
        verdict.Result.Hash,
        verdict.Result.BrokenAt,
        verdict.Result.Problem,
        verdict.At,
        Math.Round(verdict.Took.TotalSeconds, 3));
}

/// <summary>Where a plan stood at a change.</summary>
/// <param name="Wave">The wave that was under way, from 1; 0 before the first.</param>
/// <param name="Position">Acts of it that were done.</param>
internal sealed record PlanStateDocument(PlanState State, string? Because, int Wave, int Position, bool Overridden)
{
    public static PlanStateDocument? From(Plan? plan) => plan is null ? null : new(plan.State, plan.Because, plan.WaveStarts.Length, plan.Position, plan.Overridden);
}
