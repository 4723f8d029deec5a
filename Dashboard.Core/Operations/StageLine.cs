using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations;

/// <summary>Puts what is known of an operation into the five stages. Pure.</summary>
internal static class StageLine
{
    /// <summary>A follower that has not taken a revision after this time is waited for visibly.</summary>
    public static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(10);

    private const int NamesShown = 3;

    public static ImmutableArray<OperationStage> Derive(
        Operation operation,
        OperationMemory memory,
        ImmutableArray<Laggard> laggards,
        int cannotConfirm,
        DrainView? drain,
        Effect? effect,
        DateTimeOffset now) =>
    [
        new(StageKind.Requested, StageState.Done, operation.RequestedAt, Requested(operation)),
        new(StageKind.Committed, StageState.Done, operation.CommittedAt, $"revision {operation.Id}"),
        Published(operation, memory),
        Acknowledged(operation, memory, laggards, cannotConfirm, now),
        Observed(operation, memory, laggards, cannotConfirm, drain, effect),
    ];

    /// <summary>The line of an operation of which nothing but the record is left.</summary>
    public static ImmutableArray<OperationStage> Remembered(Operation operation) =>
    [
        new(StageKind.Requested, StageState.Done, operation.RequestedAt, Requested(operation)),
        new(StageKind.Committed, StageState.Done, operation.CommittedAt, $"revision {operation.Id}"),
        new(StageKind.Published, StageState.Done, null, DataPlanes(Told(operation))),
        new(StageKind.Acknowledged, StageState.Unknown, null, operation.Followers.IsEmpty ? "nobody followed" : $"who of {DataPlanes(operation.Followers.Length)} had taken it is no longer known"),
        Closed(operation),
    ];

    private static string Requested(Operation operation) =>
        $"by {operation.Actor}{(operation.Overridden ? ", overriding the guard" : "")}{(operation.Reason is { } reason ? $": {reason}" : "")}";

    private static OperationStage Published(Operation operation, OperationMemory memory) => new(
        StageKind.Published,
        memory.PublishedAt is null ? StageState.Active : StageState.Done,
        memory.PublishedAt,
        Told(operation) == 0 ? "nobody follows" : $"to {DataPlanes(Told(operation))}");

    private static OperationStage Acknowledged(Operation operation, OperationMemory memory, ImmutableArray<Laggard> laggards, int cannotConfirm, DateTimeOffset now)
    {
        var all = operation.Followers.Length;
        var forgotten = operation.Forgotten.IsEmpty ? "" : $"; {Names(operation.Forgotten)} {(operation.Forgotten.Length == 1 ? "was" : "were")} forgotten";
        var beside = forgotten + (cannotConfirm == 0 ? "" : $"; beside {(all == 1 ? "it" : "them")} {Count(cannotConfirm, "client")} that cannot confirm");
        if (memory.PublishedAt is null)
            return new(StageKind.Acknowledged, StageState.Waiting, null, $"0 of {all}");

        if (laggards.IsEmpty)
            return new(StageKind.Acknowledged, StageState.Done, memory.AllAcknowledgedAt, (all == 0 ? "nobody has to" : $"{all} of {DataPlanes(all)}") + beside);

        var refused = laggards.FirstOrDefault(laggard => laggard.Refusal is not null);
        var text = $"{all - laggards.Length} of {DataPlanes(all)}; waiting for {Names(laggards)}{(refused is null ? "" : $"; {refused.Id} refused: {refused.Refusal}")}{beside}";
        var slow = refused is not null || now - operation.CommittedAt >= SlowAfter;
        return new(StageKind.Acknowledged, slow ? StageState.Stalled : StageState.Active, null, text, StageReasons.NotAcknowledged | (refused is null ? StageReasons.None : StageReasons.Refused));
    }

    private static OperationStage Observed(Operation operation, OperationMemory memory, ImmutableArray<Laggard> laggards, int cannotConfirm, DrainView? drain, Effect? effect)
    {
        if (!operation.IsOpen)
            return Closed(operation);

        if (drain is not null)
            return Drained(drain, laggards, cannotConfirm, memory.Disagreements >= EffectObserver.WindowsToDisagree ? memory.Disagreement : null);

        if (effect is null || memory.AllAcknowledgedAt is null)
            return new(StageKind.Observed, StageState.Waiting, null, "waits for the acknowledgements");

        var panic = effect.Panic is null ? StageReasons.None : StageReasons.Panic;
        var because = effect.Panic is null ? "" : $"; {effect.Panic}";
        return effect.Verdict switch
        {
            ShareVerdict.Agrees when !effect.IsSure => new(StageKind.Observed, StageState.Active, null, $"agrees so far: {Shares(effect)}{because}", StageReasons.TooFewRequests | panic),
            ShareVerdict.Agrees => new(StageKind.Observed, StageState.Done, null, $"the traffic agrees: {Shares(effect)}"),
            // Until a fresh window speaks, what the last one said stands.
            _ when memory.Disagreements >= EffectObserver.WindowsToDisagree => new(StageKind.Observed, StageState.Stalled, null, $"the traffic disagrees: {memory.Disagreement}{because}{Stale(cannotConfirm)}", StageReasons.Disagrees | panic | MayBeStale(cannotConfirm)),
            ShareVerdict.Disagrees => new(StageKind.Observed, StageState.Active, null, $"not yet: {Shares(effect)}{because}", StageReasons.Disagrees | panic),
            _ when memory.Disagreement is { } last => new(StageKind.Observed, StageState.Active, null, $"not yet: {last}{because}", StageReasons.Disagrees | panic),
            _ when effect.IsEarly && effect.Why?.Reason != StageReasons.SlowStart => new(StageKind.Observed, StageState.Active, null, "waits for the first seconds of traffic since the last acknowledgement"),
            _ => new(StageKind.Observed, StageState.Unknown, null, $"cannot tell: {effect.Why?.Text}{because}", (effect.Why?.Reason ?? StageReasons.None) | panic),
        };
    }

    private static OperationStage Drained(DrainView drain, ImmutableArray<Laggard> laggards, int cannotConfirm, string? disagreement)
    {
        if (disagreement is not null)
            return new(StageKind.Observed, StageState.Stalled, null, $"still gets new requests: {disagreement}{Stale(cannotConfirm)}", StageReasons.Disagrees | MayBeStale(cannotConfirm));

        var requests = drain.Instances.Sum(instance => instance.Requests);
        var longLived = drain.Instances.Sum(instance => instance.LongLived);
        var unknown = drain.Instances.Select(instance => instance.Unknown).FirstOrDefault(why => why is not null);
        var open = $"{Count(requests, "request")} and {Count(longLived, "long-lived connection")} in flight";
        var text = drain.ZeroSince is not null ? "idle; drained after 10 s of it"
            : unknown is not null ? $"{open} that are known; {unknown}"
            : requests == 0 && longLived > 0 ? $"{open}: these end when their callers close them, or when the drain is forced"
            : open;
        var state = drain.Alarm ? StageState.Stalled
            : unknown is not null && laggards.IsEmpty ? StageState.Unknown
            : unknown is not null ? StageState.Waiting
            : requests == 0 && longLived > 0 ? StageState.Stalled
            : StageState.Active;
        var reasons = (drain.Alarm ? StageReasons.DeadlinePassed : StageReasons.None)
            | (unknown is not null ? StageReasons.InFlightUnknown : StageReasons.None)
            | (drain.ZeroSince is null && requests == 0 && longLived > 0 ? StageReasons.LongLived : StageReasons.None);
        return new(StageKind.Observed, state, null, drain.Alarm ? $"the deadline has passed: {text}" : text, reasons);
    }

    private static OperationStage Closed(Operation operation) => new(
        StageKind.Observed,
        operation.Outcome is OperationOutcome.Completed or OperationOutcome.Forced ? StageState.Done : StageState.Unknown,
        operation.ClosedAt,
        operation.ClosedBecause ?? operation.Outcome.ToString().ToLowerInvariant());

    /// <summary>The shares that matter most, for people: <c>orders-1 74.8 % of 75 % (±4.1)</c>.</summary>
    public static string Shares(Effect effect)
    {
        var shown = effect.Targets.OrderBy(target => target.Agrees != false).ThenBy(target => target.Key.ToString(), StringComparer.Ordinal).Take(NamesShown)
            .Select(target => target.Actual is { } part && effect.IsApproximate
                ? string.Create(CultureInfo.InvariantCulture, $"{target.Key.Id} gets {part * 100:0.#} % where {(target.Intended > 0 ? "some" : "none")} is intended")
                : target.Actual is { } actual
                ? string.Create(CultureInfo.InvariantCulture, $"{target.Key.Id} gets {actual * 100:0.#} % where {target.Intended * 100:0.#} % is intended (±{target.Band * 100:0.#})")
                : $"{target.Key.Id} gets nothing yet");
        return string.Join(", ", shown) + (effect.Targets.Length > NamesShown ? $" and {effect.Targets.Length - NamesShown} more" : "");
    }

    private static string Names(ImmutableArray<Laggard> laggards) =>
        Names([.. laggards.Select(laggard => laggard.Connected ? laggard.Id : laggard.Kind is null ? $"{laggard.Id} (not heard of)" : $"{laggard.Id} (disconnected)")]);

    private static string Names(ImmutableArray<string> names) =>
        string.Join(", ", names.Take(NamesShown)) + (names.Length > NamesShown ? $" and {names.Length - NamesShown} more" : "");

    // Who asks by DNS may hold an old answer, and nobody hears which.
    private static string Stale(int cannotConfirm) => cannotConfirm == 0 ? "" : $"; {Count(cannotConfirm, "client")} that cannot confirm, like DNS, may go by an old answer";

    private static StageReasons MayBeStale(int cannotConfirm) => cannotConfirm == 0 ? StageReasons.None : StageReasons.StaleDns;

    private static int Told(Operation operation) => operation.Followers.Length + operation.Forgotten.Length;

    private static string Count(long number, string what) => number == 1 ? $"1 {what}" : $"{number} {what}s";

    private static string DataPlanes(int number) => number == 1 ? "1 data plane" : $"{number} data planes";
}
