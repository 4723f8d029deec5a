using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Commands;

/// <summary>Nobody wants to hear of these alerts until then. Needs a reason.</summary>
public sealed record SilenceAlerts(AlertMatch Match, DateTimeOffset Until) : RegistryCommand
{
    public const string Name = "alert.silence";

    public override string Action => Name;

    public override string Target => "alerts:";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        if (MarkBounds.Refusal(Until, context) is { } refusal)
            return refusal;

        return Match.IsEverything ? Decision.Refuse(RefusalKind.Conflict, "A silence of everything would hide what nobody expects: name a rule, a service, an instance or a node.")
            : string.IsNullOrWhiteSpace(Reason) ? Decision.Refuse(RefusalKind.Conflict, "A silence needs a reason.")
            : snapshot.AlertMarks.Count >= MarkBounds.Most ? MarkBounds.TooMany()
            : new Decision.Accepted([new AlertMarkChange(context.Revision, null, new(context.Revision, AlertMarkKind.Silence, Match, context.Now, Until, context.Actor.Name, Reason))]);
    }
}
