using System.Collections.Immutable;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>The consoles that a gateway of its own follows; section <c>Console</c> of the configuration.</summary>
public sealed class ConsoleOptions
{
    public const string Section = "Console";

    /// <summary>One address or several, separated by commas. One is followed; the next ones are tried in turn when it is away.</summary>
    public string Url { get; set; } = "http://127.0.0.1:5080";

    /// <summary>Sent as the bearer token.</summary>
    public string? Token { get; set; }

    /// <summary>
    /// How long a console that is behind what the gateway knows (a replica that catches up) is given before its registry is taken all the same (a restored database).
    /// </summary>
    public TimeSpan RewindPatience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The addresses in the order they are tried, each ending in a slash.</summary>
    /// <exception cref="InvalidOperationException">There is none, or a part is none; the message names each.</exception>
    internal ImmutableArray<Uri> Addresses
    {
        get
        {
            var parts = Url.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var wrong = parts.Where(part => !IsAddress(part)).ToArray();
            return parts.Length == 0 ? throw new InvalidOperationException("Console:Url is empty; give the address of a console, or several separated by commas, for example http://10.0.0.1:5080,http://10.0.0.2:5080.")
                : wrong.Length > 0 ? throw new InvalidOperationException($"Console:Url holds what is no http address: {string.Join(", ", wrong)}.")
                : [.. parts.Select(part => new Uri(part.TrimEnd('/') + "/")).Distinct()];
        }
    }

    private static bool IsAddress(string part) => Uri.TryCreate(part, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";
}
