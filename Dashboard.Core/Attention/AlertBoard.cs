using System.Collections.Immutable;

namespace Dashboard.Core.Attention;

/// <summary>Every alert as it is now: pending, firing and lately resolved. Immutable.</summary>
/// <param name="Alerts">The most urgent first.</param>
/// <param name="Omitted">Conditions beyond <see cref="AlertLife.Maximum"/>, which are only counted.</param>
public sealed record AlertBoard(ImmutableArray<Alert> Alerts, int Omitted)
{
    public static readonly AlertBoard Empty = new([], 0);

    /// <summary>Firing, neither acknowledged nor silenced.</summary>
    public int Loud { get; } = Alerts.Count(alert => alert.IsLoud);

    /// <summary>Of these, the critical.</summary>
    public int LoudCritical { get; } = Alerts.Count(alert => alert is { IsLoud: true, Severity: AlertSeverity.Critical });

    /// <summary>Firing, acknowledged and silenced ones among them.</summary>
    public int Firing { get; } = Alerts.Count(alert => alert.State == AlertState.Firing);

    public Alert? Find(string id) => Alerts.FirstOrDefault(alert => alert.Id == id);

    internal static IEnumerable<Alert> Sort(IEnumerable<Alert> alerts) => alerts
        .OrderBy(alert => alert.State switch { AlertState.Firing => 0, AlertState.Pending => 1, _ => 2 })
        .ThenByDescending(alert => alert.IsLoud)
        .ThenByDescending(alert => alert.Severity)
        .ThenByDescending(alert => alert.ResolvedAt ?? alert.FiringSince ?? alert.Since)
        .ThenBy(alert => alert.Finding.Name, StringComparer.Ordinal);
}

/// <summary>A step from one board to the next.</summary>
/// <param name="Changed">Alerts that are new or say something else now.</param>
public sealed record AlertBoardUpdate(AlertBoard Board, ImmutableArray<Alert> Changed);
