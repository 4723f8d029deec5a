using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Commands;

/// <summary>The console clears away marks whose time is over, and acknowledgements whose alert is.</summary>
public sealed record ClearAlertMarks(ImmutableArray<long> Marks) : RegistryCommand
{
    public override string Action => "alert.clear";

    public override string Target => "alerts:";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return new Decision.Accepted([.. Marks
            .Where(snapshot.AlertMarks.ContainsKey)
            .Select(EntityChange (id) => new AlertMarkChange(id, snapshot.AlertMarks[id], null))]);
    }
}
