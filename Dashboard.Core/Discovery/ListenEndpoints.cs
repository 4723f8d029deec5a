using System.Collections.Immutable;
using System.Net;

namespace Dashboard.Core.Discovery;

/// <summary>Reads where a discovery protocol listens.</summary>
public static class ListenEndpoints
{
    /// <summary>Addresses with ports, comma-separated; empty for an empty text or <c>off</c>.</summary>
    /// <exception cref="InvalidOperationException">A part is no address with a port; the message names <paramref name="key"/> and each such part.</exception>
    public static ImmutableArray<IPEndPoint> Parse(string key, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Trim().Equals("off", StringComparison.OrdinalIgnoreCase))
            return [];

        var parts = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var wrong = parts.Where(part => One(part) is null).ToArray();
        return wrong.Length == 0
            ? [.. parts.Select(part => One(part)!)]
            : throw new InvalidOperationException($"{key} is not an address and port like 127.0.0.1:5053 or [::1]:5053: {string.Join(", ", wrong)}");
    }

    // A bare IPv6 address ends in what looks like a port: one is asked for, behind brackets.
    private static IPEndPoint? One(string part) =>
        IPEndPoint.TryParse(part, out var endpoint) && part.LastIndexOf(':') > part.LastIndexOf(']') && (part.StartsWith('[') || part.Count(letter => letter == ':') == 1) ? endpoint : null;
}
