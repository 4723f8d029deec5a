namespace Dashboard.Core.Discovery.Xds;

/// <summary>What one stream asked for of one type, and what it was told of that. Bounded by the names it asked for. Guarded by the stream's owner.</summary>
internal sealed class Subscription
{
    /// <summary>The stream has asked for this type.</summary>
    public bool IsOpen { get; set; }

    /// <summary>It wants everything of the type.</summary>
    public bool IsWildcard { get; set; }

    /// <summary>It wants an answer even if that is empty.</summary>
    public bool AnswerDue { get; set; }

    /// <summary>The names that it wants.</summary>
    public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, HeldResource> Held { get; } = new(StringComparer.Ordinal);

    /// <summary>Names to look at before the next response: what the client has of them may differ from what there is. However often one changes, it waits here once.</summary>
    public HashSet<string> Waiting { get; } = new(StringComparer.Ordinal);

    /// <summary>The last response's nonce; null: none was sent.</summary>
    public string? Nonce { get; set; }

    /// <summary>The last response has not been answered yet. One response of a type is under way at a time.</summary>
    public bool IsUnderWay { get; set; }

    /// <summary>What was new in the last response: null stands for what it took away.</summary>
    public List<(string Name, XdsResource? Resource)> UnderWay { get; } = [];

    /// <summary>The revision that the last response was made from.</summary>
    public long SentRevision { get; set; }

    public bool Wants(string name) => IsOpen && (IsWildcard || Names.Contains(name));

    public HeldResource Hold(string name)
    {
        if (!Held.TryGetValue(name, out var held))
            Held[name] = held = new();

        return held;
    }
}
