using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations;

/// <summary>
/// What the tracker has seen of one operation. In memory only: after a restart it starts empty, and what was known counts as unknown until it is heard again.
/// Touched by the tracker's loop alone.
/// </summary>
internal sealed class OperationMemory
{
    /// <summary>When each follower was first seen to have taken the revision.</summary>
    public Dictionary<string, DateTimeOffset> AcknowledgedAt { get; } = new(StringComparer.Ordinal);

    /// <summary>When the catalog that followers read had the revision.</summary>
    public DateTimeOffset? PublishedAt { get; set; }

    /// <summary>When the last follower that counts had taken it; null while one is missing.</summary>
    public DateTimeOffset? AllAcknowledgedAt { get; set; }

    /// <summary>Since when every draining instance is known to be idle.</summary>
    public DateTimeOffset? ZeroSince { get; set; }

    /// <summary>Where the sample of each service's traffic begins, and for which intended shares it holds.</summary>
    public Dictionary<string, (long Signature, DateTimeOffset From)> Samples { get; } = new(StringComparer.Ordinal);

    /// <summary>Windows in a row that disagreed.</summary>
    public int Disagreements { get; set; }

    /// <summary>What the last window that disagreed showed; null while none did, or since one agreed.</summary>
    public string? Disagreement { get; set; }

    /// <summary>When the next window may count as disagreeing.</summary>
    public DateTimeOffset? NextWindow { get; set; }

    /// <summary>The operation as it was closed; null while it is open.</summary>
    public Operation? Closed { get; set; }
}
