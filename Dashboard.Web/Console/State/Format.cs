using System.Globalization;

namespace Dashboard.Web.Console.State;

/// <summary>Numbers as every page writes them: with their unit, and with as many digits as they are worth.</summary>
public static class Format
{
    /// <summary>What stands for a value that is not known.</summary>
    public const string None = "–";

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Requests per second.</summary>
    public static string Rate(double? perSecond) => perSecond switch
    {
        null => None,
        0 => "0",
        < 10 => perSecond.Value.ToString("0.0", CultureInfo.InvariantCulture),
        < 100_000 => perSecond.Value.ToString("N0", CultureInfo.InvariantCulture),
        _ => (perSecond.Value / 1000).ToString("N0", CultureInfo.InvariantCulture) + " k",
    };

    /// <summary>A fraction as a percentage: two significant digits below 10 %.</summary>
    public static string Percent(double? fraction) => fraction switch
    {
        null => None,
        0 => "0 %",
        < 0.0001 => "< 0.01 %",
        < 0.01 => (fraction.Value * 100).ToString("0.00", CultureInfo.InvariantCulture) + " %",
        _ => (fraction.Value * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %",
    };

    /// <summary>A fraction in whole percent, for sentences.</summary>
    public static string WholePercent(double fraction) => fraction is > 0 and < 0.005 ? "under 1 %" : (fraction * 100).ToString("0", CultureInfo.InvariantCulture) + " %";

    /// <summary>A difference of two fractions relative to the first: <c>+18 %</c>.</summary>
    public static string Change(double ratio) => (ratio >= 0 ? "+" : "−") + (Math.Abs(ratio) * 100).ToString("0", CultureInfo.InvariantCulture) + " %";

    public static string Milliseconds(double? milliseconds) => milliseconds switch
    {
        null => None,
        < 10 => milliseconds.Value.ToString("0.0", CultureInfo.InvariantCulture) + " ms",
        < 1000 => milliseconds.Value.ToString("0", CultureInfo.InvariantCulture) + " ms",
        < 10_000 => (milliseconds.Value / 1000).ToString("0.00", CultureInfo.InvariantCulture) + " s",
        _ => (milliseconds.Value / 1000).ToString("0.0", CultureInfo.InvariantCulture) + " s",
    };

    /// <summary>A span in the two largest units that matter: <c>4 min 05 s</c>.</summary>
    public static string Duration(TimeSpan span)
    {
        var (sign, abs) = span < TimeSpan.Zero ? ("−", span.Negate()) : ("", span);
        return sign + (abs.TotalSeconds < 60 ? $"{(int)abs.TotalSeconds} s"
            : abs.TotalMinutes < 60 ? $"{(int)abs.TotalMinutes} min {abs.Seconds:00} s"
            : abs.TotalHours < 24 ? $"{(int)abs.TotalHours} h {abs.Minutes:00} min"
            : $"{(int)abs.TotalDays} d {abs.Hours} h");
    }

    /// <summary>A setting's span: <c>5 min</c>, <c>300 ms</c>.</summary>
    public static string Setting(TimeSpan span) => span switch
    {
        _ when span.TotalMilliseconds < 1000 => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0} ms"),
        _ when span.TotalSeconds < 120 || span.TotalSeconds % 60 != 0 => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.#} s"),
        _ when span.TotalMinutes < 120 || span.TotalMinutes % 60 != 0 => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0} h"),
    };

    public static string Plural(long count, string one, string? many = null) => $"{Count(count)} {(count == 1 ? one : many ?? one + "s")}";

    /// <summary>How long ago, or how long until: <c>12 s ago</c>, <c>in 1 h 59 min</c>.</summary>
    public static string Ago(TimeSpan age)
    {
        var ahead = age < TimeSpan.FromSeconds(-0.5);
        var abs = age.Duration();
        if (abs < TimeSpan.FromSeconds(1))
        {
            return "now";
        }

        // What is to come is planned with: an hour and 59 minutes are not "in 1 h".
        var text = abs.TotalSeconds < 60 ? $"{(int)abs.TotalSeconds} s"
            : abs.TotalMinutes < 60 ? $"{(int)abs.TotalMinutes} min"
            : ahead && abs.Minutes > 0 ? $"{(int)abs.TotalHours} h {abs.Minutes:00} min"
            : $"{(int)abs.TotalHours} h";
        return ahead ? $"in {text}" : $"{text} ago";
    }

    public static string Utc(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);
}
