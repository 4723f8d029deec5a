using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations;

/// <summary>What draining instances still have in flight, known or unknown.</summary>
internal sealed class DrainObserver(TrafficStore traffic, FollowerTable followers, TimeProvider time)
{
    /// <summary>How long an instance must be known to be idle before it counts as drained.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private const int NamesShown = 3;

    /// <summary>Looks at every instance that the drain is about, and keeps the time since when all are known to be idle.</summary>
    public DrainView Observe(Operation operation, RegistrySnapshot snapshot, OperationMemory memory, IReadOnlyCollection<string> laggards, DateTimeOffset now)
    {
        ImmutableArray<DrainingInstance> instances = [.. KeysOf(operation, snapshot).Select(key => Look(key, operation, snapshot, memory, laggards))];
        // A node without instances is idle; so is one whose instances are.
        var idle = memory.AllAcknowledgedAt is not null && instances.All(instance => instance.IsKnownIdle);
        if (!idle)
            memory.ZeroSince = null;
        else if (memory.ZeroSince is { } since && GotRequests(instances, since))
            // Zero at each look, and yet requests came and went in between.
            memory.ZeroSince = now;
        else
            memory.ZeroSince ??= now;

        return new(
            operation.Deadline,
            operation.AtDeadline ?? DeadlineAction.Hold,
            instances,
            memory.ZeroSince,
            operation.Deadline <= now && (operation.AtDeadline ?? DeadlineAction.Hold) == DeadlineAction.Hold);
    }

    /// <summary>The instances of a drain: those it was opened for, and those that registered on its node since.</summary>
    public static IEnumerable<InstanceKey> KeysOf(Operation operation, RegistrySnapshot snapshot) =>
        operation.Node is { } node && snapshot.Nodes.TryGetValue(node, out var found)
            ? operation.Instances.Union(found.Instances).OrderBy(key => key.ToString(), StringComparer.Ordinal)
            : operation.Instances;

    private DrainingInstance Look(InstanceKey key, Operation operation, RegistrySnapshot snapshot, OperationMemory memory, IReadOnlyCollection<string> laggards)
    {
        // Before the last acknowledgement a word says nothing: its follower may still send.
        var flight = traffic.InFlight(key, Senders(operation, key), memory.AllAcknowledgedAt ?? DateTimeOffset.MinValue);
        var intent = snapshot.FindInstance(key)?.EffectiveIntent.Kind ?? snapshot.OperatorStateOf(key).Intent.Kind;
        return new(key, intent, flight.Requests - flight.LongLived, flight.LongLived, WhyUnknown(operation, key, snapshot, flight, laggards));
    }

    // Fixed at commit, and those at other consoles that the one which committed had not heard of yet.
    private ImmutableArray<string> Senders(Operation operation, InstanceKey key) => operation.Followers.AddRange(LateOf(operation, key));

    private IEnumerable<string> LateOf(Operation operation, InstanceKey key) =>
        followers.HeardTooLate([key.Service], operation.CommittedAt).Where(id => !operation.Followers.Contains(id));

    private string? WhyUnknown(Operation operation, InstanceKey key, RegistrySnapshot snapshot, InFlightKnowledge flight, IReadOnlyCollection<string> laggards)
    {
        if (followers.Unheard is { IsEmpty: false } unheard)
            return $"the console at {Names(unheard)} is not heard, and its data planes may still send";

        var late = LateOf(operation, key).ToArray();
        // Whom an operator forgot is taken to send nothing: that is what forgetting says.
        if (operation.Followers.IsEmpty && operation.Forgotten.IsEmpty && late.Length == 0)
            return "no data plane followed when the drain began, so nobody tells what is in flight";

        if (laggards.Count > 0)
            return $"{Names(laggards)} {Have(laggards.Count)} not acknowledged yet and may still send";

        var behind = late.Where(id => followers.Find(id) is not { } follower || follower.AcknowledgedOf(key.Service, snapshot.Generation) < operation.Id).ToArray();
        if (behind.Length > 0)
            return $"{Names(behind)} at another console {Have(behind.Length)} not acknowledged yet and may still send";

        var mute = operation.Followers.Concat(late).Where(id => followers.Find(id) is { Reports: false }).ToArray();
        return mute.Length > 0 ? $"{Names(mute)} {(mute.Length == 1 ? "does not report what it has" : "do not report what they have")} in flight"
            : flight.Unknown.Length == 0 ? null
            : flight.Unknown.All(ReportedLately) ? $"{Names(flight.Unknown)} {Have(flight.Unknown.Length)} not reported since the acknowledgement"
            : $"{Names(flight.Unknown)} is silent";
    }

    private bool ReportedLately(string id) => followers.Find(id)?.LastReport is { } last && last > time.GetUtcNow() - TrafficStore.SilentAfter;

    private bool GotRequests(ImmutableArray<DrainingInstance> instances, DateTimeOffset since) =>
        instances.GroupBy(instance => instance.Key.Service, StringComparer.Ordinal).Any(group =>
            traffic.QuerySince(group.Key, since) is var window && group.Any(instance => window.Of(instance.Key.Id).Figures.Requests > 0));

    private static string Have(int count) => count == 1 ? "has" : "have";

    private static string Names(IReadOnlyCollection<string> names) =>
        names.Count <= NamesShown ? string.Join(", ", names) : $"{string.Join(", ", names.Take(NamesShown))} and {names.Count - NamesShown} more";
}
