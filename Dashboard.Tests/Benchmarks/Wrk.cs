using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>Load by wrk, a program that costs little beside what it measures.</summary>
internal static partial class Wrk
{
    /// <summary>What to say when there is no wrk; null when there is.</summary>
    public static string? Missing => Peer.Find("wrk") is null ? "wrk is not on PATH; install it with: apt-get install wrk" : null;

    /// <summary>Runs it with one thread.</summary>
    /// <param name="script">A Lua script's path; null = GET of the address.</param>
    public static async Task<WrkResult> RunAsync(Uri url, int connections, int seconds, string? script, CancellationToken cancellationToken, params IEnumerable<string> headers)
    {
        List<string> arguments = ["-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "--timeout", "30s"];
        if (script is not null)
            arguments.AddRange(["-s", script]);
        foreach (var header in headers)
            arguments.AddRange(["-H", header]);
        var output = await ChildProcess.RunAsync(Peer.Find("wrk")!, [.. arguments, url.ToString()], cancellationToken);
        var errors = Errors().Match(output) is { Success: true } failed ? long.Parse(failed.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        if (output.Contains("Socket errors", StringComparison.Ordinal))
            errors++;
        return new(Number(Rate().Match(output).Groups[1].Value), Milliseconds(output, "50"), Milliseconds(output, "99"), errors);
    }

    private static double Milliseconds(string output, string percentile)
    {
        var match = Percentile().Matches(output).First(match => match.Groups[1].Value == percentile);
        return Number(match.Groups[2].Value) * match.Groups[3].Value switch { "us" => 0.001, "ms" => 1, "s" => 1000, _ => throw new UnreachableException() };
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"(\d+)%\s+([\d.]+)(us|ms|s)")]
    private static partial Regex Percentile();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex Errors();
}

/// <param name="Errors">Answers that were not 2xx, and 1 for broken connections.</param>
internal sealed record WrkResult(double Rate, double P50Ms, double P99Ms, long Errors);
