using System.Security.Cryptography;

namespace Dashboard.Core.Replicas;

/// <summary>How one console asks another for its stream.</summary>
public static class ReplicaProtocol
{
    public const string Path = "/replicas/stream";

    /// <summary>Carries the secret that consoles on one database share, in base64.</summary>
    public const string SecretHeader = "X-Replica-Secret";

    /// <summary>The query's name for the id of the console that is meant.</summary>
    public const string To = "to";

    public const string MediaType = "application/x-ndjson";

    /// <summary>A console of which nothing came for so long is silent.</summary>
    public static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(4);

    /// <summary>One that takes nothing for so long is cut off; it comes back and starts with all the state.</summary>
    public static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(5);

    /// <summary>The longest line that is read, bytes.</summary>
    public const int LineLimit = 64 * 1024 * 1024;

    /// <summary>Whether a header proves that its sender shares the database. In a time that does not depend on how much of it is right.</summary>
    public static bool IsTrusted(string? header, byte[]? secret)
    {
        var given = new byte[64];
        return secret is not null && header is { Length: > 0 and < 80 } && Convert.TryFromBase64String(header, given, out var length)
            && CryptographicOperations.FixedTimeEquals(given.AsSpan(0, length), secret);
    }
}
