using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>What an instance says of itself when it registers.</summary>
public sealed record Registration
{
    /// <summary>IPv4 or IPv6 address in its canonical text form.</summary>
    public required string Address { get; init; }

    /// <summary>1-65535.</summary>
    public required int Port { get; init; }

    /// <summary>Registered weight, 0-10000.</summary>
    public int Weight { get; init; } = 100;

    public string? Zone { get; init; }

    public string? Node { get; init; }

    public string? Version { get; init; }

    public ImmutableSortedDictionary<string, string> Metadata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>For a <see cref="CheckKind.Ttl"/> check: silence longer than this makes the instance unhealthy.</summary>
    public TimeSpan? Ttl { get; init; }

    public bool Equals(Registration? other) =>
        other is not null
        && Address == other.Address
        && Port == other.Port
        && Weight == other.Weight
        && Zone == other.Zone
        && Node == other.Node
        && Version == other.Version
        && Ttl == other.Ttl
        && SaysTheSame(Metadata, other.Metadata);

    // Pair by pair: comparing them as values would box each, and a registration is compared thousands of times a second.
    private static bool SaysTheSame(ImmutableSortedDictionary<string, string> one, ImmutableSortedDictionary<string, string> other)
    {
        if (one.Count != other.Count)
            return false;
        if (one.IsEmpty || ReferenceEquals(one, other))
            return true;

        foreach (var (key, value) in one)
        {
            if (!other.TryGetValue(key, out var theirs) || value != theirs)
                return false;
        }

        return true;
    }

    public override int GetHashCode() => HashCode.Combine(Address, Port, Weight, Zone, Node, Version, Ttl, Metadata.Count);
}
