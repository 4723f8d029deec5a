using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Commands;

/// <summary>How long and how many marks may be.</summary>
internal static class MarkBounds
{
    public const int Most = 1000;

    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    public static Decision? Refusal(DateTimeOffset until, DecisionContext context) =>
        until <= context.Now ? Decision.Refuse(RefusalKind.Conflict, "Its end is in the past.")
        : until > context.Now + Longest ? Decision.Refuse(RefusalKind.Conflict, $"It may last {Longest.TotalDays:0} days at most.")
        : null;

    public static Decision TooMany() => Decision.Refuse(RefusalKind.Conflict, $"There are {Most} acknowledgements and silences already: end some first.");
}
