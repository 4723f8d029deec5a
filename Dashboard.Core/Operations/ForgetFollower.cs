using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations;

/// <summary>An operator decides that a data plane will not come back: open operations no longer wait for its acknowledgement.</summary>
public sealed record ForgetFollower(string Follower) : RegistryCommand
{
    public override string Action => "follower.forget";

    public override string Target => $"follower:{Follower}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return new Decision.Accepted([.. snapshot.Operations.Values
            .Where(operation => operation.Followers.Contains(Follower))
            .OrderBy(operation => operation.Id)
            .Select(EntityChange (operation) => new OperationChange(operation.Id, operation, operation with { Followers = operation.Followers.Remove(Follower) }))]);
    }
}
