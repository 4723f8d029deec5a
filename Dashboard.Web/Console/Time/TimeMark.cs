using System.Collections.Immutable;
using Dashboard.Core.Attention;
using Dashboard.Core.History;

namespace Dashboard.Web.Console.Time;

/// <summary>A mark on the line of time: one change, or several that would stand on one another.</summary>
/// <param name="Kind">Of several the one that must not be overlooked.</param>
/// <param name="Changes">Oldest first.</param>
internal sealed record TimeMark(MarkKind Kind, ImmutableArray<ChangeMark> Changes)
{
    // So many fit beside one another on a wide screen without touching.
    private const int Slots = 90;
    private const int MostTold = 6;

    public DateTimeOffset At => Changes[0].At;

    /// <summary>What operators and their plans did stands above, what happened by itself below: cause and effect are told apart.</summary>
    public bool IsAsked => Kind is MarkKind.Act or MarkKind.Plan;

    public string Words => string.Join('\n', Tell(Changes));

    /// <summary>The kinds as the line's legend names them, in its order.</summary>
    public static readonly ImmutableArray<(MarkKind Kind, string Name)> Legend =
    [
        (MarkKind.Act, "operators"), (MarkKind.Plan, "plans"), (MarkKind.Lost, "lost instances"), (MarkKind.Recovered, "recovered"), (MarkKind.Brake, "brakes"), (MarkKind.Alert, "alerts"),
        (MarkKind.Joined, "registered"), (MarkKind.Left, "deregistered"),
    ];

    /// <summary>Marks by where they stand on a line of this length. What is near stays together while the line moves on with the time.</summary>
    public static ImmutableArray<TimeMark> Gather(IEnumerable<ChangeMark> marks, TimeSpan length)
    {
        var slot = Math.Max(1, length.Ticks / Slots);
        return
        [
            .. marks.GroupBy(mark => (Asked: mark.Kind is MarkKind.Act or MarkKind.Plan, Slot: mark.At.UtcTicks / slot))
                .Select(group => new TimeMark(group.Max(mark => mark.Kind), [.. group.OrderBy(mark => mark.At)]))
                .OrderBy(mark => mark.At),
        ];
    }

    /// <summary>Alerts that began to fire between two moments, of those that fire or were lately resolved.</summary>
    public static IEnumerable<ChangeMark> Of(AlertBoard board, DateTimeOffset from, DateTimeOffset to) => board.Alerts
        .Where(alert => alert.FiringSince > from && alert.FiringSince <= to)
        .Select(alert => new ChangeMark(0, alert.FiringSince!.Value, "alert", alert.Finding.Name, "console", alert.Finding.Summary) { Kind = MarkKind.Alert });

    /// <summary>Changes in words, what must not be overlooked first, and how many more there are.</summary>
    public static IEnumerable<string> Tell(IReadOnlyCollection<ChangeMark> changes)
    {
        var told = changes.OrderByDescending(mark => mark.Kind is MarkKind.Act or MarkKind.Plan).ThenByDescending(mark => mark.Kind).ThenByDescending(mark => mark.At).Take(MostTold).ToList();
        return told.Select(Tell).Concat(changes.Count > told.Count ? [$"{changes.Count - told.Count} more"] : []);
    }

    private static string Tell(ChangeMark mark)
    {
        var text = mark.Kind switch
        {
            MarkKind.Alert => $"Alert: {mark.Reason}",
            MarkKind.Lost when mark.Action == "instance.health" => $"Unhealthy: {mark.Target}",
            MarkKind.Recovered => $"Healthy again: {mark.Target}",
            _ => State.ChangeWords.Title(mark.Action, mark.Target),
        };
        // What was observed is nobody's doing.
        return mark.Kind is MarkKind.Alert or MarkKind.Recovered || mark is { Kind: MarkKind.Lost, Action: "instance.health" } ? text
            : $"{text} by {mark.Actor}{(mark.Reason is null ? "" : $": {mark.Reason}")}";
    }
}
