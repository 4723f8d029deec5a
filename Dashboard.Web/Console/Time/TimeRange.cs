using System.Collections.Immutable;

namespace Dashboard.Web.Console.Time;

/// <summary>How much time charts and the line of time show.</summary>
/// <param name="Key">Its name in the address.</param>
/// <param name="Step">What an arrow key moves by.</param>
public sealed record TimeRange(string Key, string Name, TimeSpan Length, TimeSpan Step)
{
    public static readonly TimeRange Shortest = new("15m", "15 minutes", TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(5));

    public static readonly ImmutableArray<TimeRange> All =
    [
        Shortest,
        new("1h", "1 hour", TimeSpan.FromHours(1), TimeSpan.FromSeconds(30)),
        new("6h", "6 hours", TimeSpan.FromHours(6), TimeSpan.FromMinutes(1)),
        new("24h", "24 hours", TimeSpan.FromHours(24), TimeSpan.FromMinutes(5)),
        new("7d", "7 days", TimeSpan.FromDays(7), TimeSpan.FromMinutes(30)),
        new("30d", "30 days", TimeSpan.FromDays(30), TimeSpan.FromHours(2)),
    ];

    public static TimeRange Of(string? key) => All.FirstOrDefault(range => range.Key == key) ?? Shortest;
}
