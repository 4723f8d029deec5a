using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Drops what operators decided about instances of a service that have been absent for too long.</summary>
public sealed record ForgetDecisions(string Service, ImmutableArray<string> Ids) : RegistryCommand
{
    /// <summary>How long a decision outlives the registration of its instance.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public override string Action => "operator.forget";

    public override string Target => Ids.Length == 1 ? $"{Service}/{Ids[0]}" : Service;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        return new Decision.Accepted([.. Ids
            .Select(id => new InstanceKey(Service, id))
            // One that came back meanwhile keeps them.
            .Where(key => snapshot.OperatorStates.TryGetValue(key, out var state) && state.AbsentSince <= context.Now - Kept && snapshot.FindInstance(key) is null)
            .Select(EntityChange (key) => new OperatorChange(key, snapshot.OperatorStates[key], null))]);
    }
}
