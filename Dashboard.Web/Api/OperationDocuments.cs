using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

internal sealed record OperationListDocument(IReadOnlyList<OperationDocument> Operations);

/// <summary>An operation with its stage line.</summary>
/// <param name="BackAt">When the maintenance that it set ends by itself, unless it is renewed; null when it does not.</param>
internal sealed record OperationDocument(
    long Id,
    string Action,
    string? Service,
    string? Node,
    IReadOnlyList<InstanceReference> Instances,
    string Actor,
    string? Reason,
    bool Overridden,
    long? Undoes,
    long? Plan,
    DateTimeOffset RequestedAt,
    DateTimeOffset CommittedAt,
    bool Open,
    OperationOutcome Outcome,
    DateTimeOffset? ClosedAt,
    string? ClosedBecause,
    bool Alarm,
    DateTimeOffset? BackAt,
    IReadOnlyList<StageDocument> Stages,
    AcknowledgedDocument Acknowledged,
    DrainDocument? Drain,
    IReadOnlyList<ObservedDocument> Observed)
{
    public static OperationDocument From(OperationView view)
    {
        var operation = view.Operation;
        return new(
            operation.Id,
            operation.Action,
            operation.Service,
            operation.Node,
            [.. operation.Instances.Select(InstanceReference.From)],
            operation.Actor,
            operation.Reason,
            operation.Overridden,
            operation.Undoes,
            operation.Plan,
            operation.RequestedAt,
            operation.CommittedAt,
            operation.IsOpen,
            operation.Outcome,
            operation.ClosedAt,
            operation.ClosedBecause,
            view.Alarm,
            view.BackAt,
            [.. view.Stages.Select(stage => StageDocument.From(stage))],
            new(
                view.Acknowledged,
                view.Followers,
                view.CannotConfirm,
                [.. view.Laggards.Select(laggard => new LaggardDocument(laggard.Id, laggard.Kind, laggard.Address, laggard.Connected, laggard.Acknowledged, laggard.LastSeen, laggard.Refusal))]),
            view.Drain is not { } drain ? null : new(
                drain.Deadline,
                drain.AtDeadline,
                drain.ZeroSince,
                drain.Alarm,
                [.. drain.Instances.Select(instance => new DrainingDocument(instance.Key.Service, instance.Key.Id, instance.Intent, instance.Requests, instance.LongLived, instance.Unknown is null, instance.Unknown))]),
            [.. view.Observed.Select(target => new ObservedDocument(target.Key.Service, target.Key.Id, target.Requests, target.Intended, target.Actual, target.Band, target.Agrees))]);
    }
}

internal sealed record InstanceReference(string Service, string Instance)
{
    public static InstanceReference From(InstanceKey key) => new(key.Service, key.Id);
}

/// <param name="Reasons">What keeps it from being done: <c>panic</c>, <c>slowStart</c>, <c>staleDns</c>...; empty when nothing does.</param>
internal sealed record StageDocument(StageKind Stage, StageState State, DateTimeOffset? At, string Text, IReadOnlyList<StageReasons> Reasons)
{
    public static StageDocument From(OperationStage stage) => new(
        stage.Kind,
        stage.State,
        stage.At,
        stage.Text,
        [.. Enum.GetValues<StageReasons>().Where(reason => reason != StageReasons.None && stage.Reasons.HasFlag(reason))]);
}

/// <param name="Count">n of M.</param>
/// <param name="Of">M, fixed at commit.</param>
/// <param name="CannotConfirm">How many follow beside them that cannot say what they hold, like DNS clients.</param>
internal sealed record AcknowledgedDocument(int Count, int Of, int CannotConfirm, IReadOnlyList<LaggardDocument> Laggards);

internal sealed record LaggardDocument(string Id, FollowerKind? Kind, string? Address, bool Connected, long Acknowledged, DateTimeOffset? LastSeen, string? Refusal);

internal sealed record DrainDocument(DateTimeOffset? Deadline, DeadlineAction AtDeadline, DateTimeOffset? ZeroSince, bool Alarm, IReadOnlyList<DrainingDocument> Instances);

/// <param name="Known">False when the numbers are not all there is: <paramref name="Unknown"/> tells why.</param>
internal sealed record DrainingDocument(string Service, string Instance, IntentKind Intent, long Requests, long LongLived, bool Known, string? Unknown);

internal sealed record ObservedDocument(string Service, string Instance, long Requests, double IntendedShare, double? ActualShare, double NoiseBand, bool? Agrees);
