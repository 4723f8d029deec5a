using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations;

/// <summary>
/// An operator decides that a data plane will not come back: open operations no longer wait for its acknowledgement. Kept in the audit with its reason. It cannot be undone, and need not be: one that
/// follows again counts again from then on.
/// </summary>
public sealed record ForgetFollower(string Follower) : RegistryCommand
{
    public const string Name = "follower.forget";

    /// <summary>What was known of it, filled in by <see cref="OperatorDesk"/>.</summary>
    public FollowerRecord? Known { get; init; }

    /// <summary>Forget it although it is connected.</summary>
    public bool Override { get; init; }

    public override string Action => Name;

    public override string Target => $"follower:{Follower}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ImmutableArray<EntityChange> waiting = [.. snapshot.Operations.Values
            .Where(operation => operation.Followers.Contains(Follower))
            .OrderBy(operation => operation.Id)
            .Select(operation => new OperationChange(operation.Id, operation, operation with { Followers = operation.Followers.Remove(Follower), Forgotten = operation.Forgotten.Add(Follower) }))];
        if (Known is null && waiting.IsEmpty)
            return Decision.Refuse(RefusalKind.NotFound, $"Nobody of the name {Follower} follows.");

        if (Known is { Connected: true } && !Override)
        {
            return new Decision.Refused(new(
                RefusalKind.Guard,
                $"{Follower} is connected and may still send traffic: operations would go on without knowing what it does. Stop it first, or override.",
                new Dictionary<string, object?> { ["follower"] = Follower, ["connected"] = true, ["waitingOperations"] = waiting.Length }));
        }

        return string.IsNullOrWhiteSpace(Reason)
            ? Decision.Refuse(RefusalKind.Conflict, "To forget a data plane needs a reason.")
            : new Decision.Accepted([new FollowerChange(Follower, Known ?? new(null, null, null, 0, null, Connected: false), null), .. waiting]);
    }
}
