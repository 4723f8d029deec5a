using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Commands;

/// <summary>An operator ends a silence, or takes an acknowledgement back.</summary>
public sealed record EndAlertMark(long Mark) : RegistryCommand
{
    public const string Name = "alert.end";

    public override string Action => Name;

    public override string Target => FormattableString.Invariant($"silence:{Mark}");

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return snapshot.AlertMarks.TryGetValue(Mark, out var mark)
            ? new Decision.Accepted([new AlertMarkChange(mark.Id, mark, null)])
            : Decision.Refuse(RefusalKind.NotFound, $"There is no silence or acknowledgement {Mark}; it may have ended.");
    }
}
