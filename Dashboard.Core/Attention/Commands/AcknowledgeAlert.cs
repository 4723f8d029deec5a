using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Commands;

/// <summary>Somebody says that they look after an alert: it stops asking for attention until it is resolved, or until the time is over.</summary>
public sealed record AcknowledgeAlert(Alert Alert, DateTimeOffset? Until = null) : RegistryCommand
{
    /// <summary>How long it holds when nothing is said: until the day is over, and nothing is forgotten for ever.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromHours(24);

    public const string Name = "alert.acknowledge";

    public override string Action => Name;

    public override string Target => $"alert:{Alert.Finding.Name}";

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(context);
        var until = Until ?? context.Now + Default;
        if (MarkBounds.Refusal(until, context) is { } refusal)
            return refusal;

        var finding = Alert.Finding;
        var match = new AlertMatch(finding.Key.RuleName, finding.Service, finding.Instance, finding.Node, finding.Name);
        var mark = new AlertMark(context.Revision, AlertMarkKind.Acknowledgement, match, context.Now, until, context.Actor.Name, Reason);
        var former = snapshot.AlertMarks.Values
            .Where(known => known.Kind == AlertMarkKind.Acknowledgement && known.Match.Alert == match.Alert)
            .Select(EntityChange (known) => new AlertMarkChange(known.Id, known, null));
        return snapshot.AlertMarks.Count >= MarkBounds.Most
            ? MarkBounds.TooMany()
            : new Decision.Accepted([.. former, new AlertMarkChange(mark.Id, null, mark)]);
    }
}
