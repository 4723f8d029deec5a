using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health.Leases;

/// <summary>Which shares of the health checks this console holds, under which epochs and until when. Immutable.</summary>
public sealed class Ownership
{
    private readonly ImmutableArray<long> _epochs;

    private Ownership(ImmutableArray<long> epochs, long until) => (_epochs, Until) = (epochs, until);

    /// <summary>Of the only console: everything, for good, and nothing is fenced.</summary>
    public static Ownership Everything { get; } = new([], long.MaxValue);

    public static Ownership None { get; } = new(ImmutableArray.CreateRange(Enumerable.Repeat(0L, HealthShard.Count)), long.MaxValue);

    /// <summary>When it ends unless it is renewed, a timestamp of this process.</summary>
    public long Until { get; }

    /// <summary>How many shares there are in it.</summary>
    public int Count => _epochs.IsEmpty ? HealthShard.Count : _epochs.Count(epoch => epoch > 0);

    public static Ownership Of(IReadOnlyDictionary<int, long> epochs, long until)
    {
        ArgumentNullException.ThrowIfNull(epochs);
        var all = new long[HealthShard.Count];
        foreach (var (shard, epoch) in epochs)
            all[shard] = epoch;
        return new([.. all], until);
    }

    /// <summary>What of it is kept because nobody can take it: all but what others are known to hold under a later epoch.</summary>
    public Ownership WithoutEnd(IReadOnlyDictionary<int, long> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        return Of(Held.Where(held => others.GetValueOrDefault(held.Key) <= held.Value).ToDictionary(), long.MaxValue);
    }

    /// <summary>The shares with their epochs; empty when nothing is fenced.</summary>
    public IEnumerable<KeyValuePair<int, long>> Held => _epochs.Select((epoch, shard) => KeyValuePair.Create(shard, epoch)).Where(held => held.Value > 0);

    public bool Owns(int shard) => _epochs.IsEmpty || _epochs[shard] > 0;

    public bool Owns(InstanceKey key) => _epochs.IsEmpty || Owns(HealthShard.Of(key));

    /// <summary>The epoch under which an instance's share is held; 0 = it is not, or nothing is fenced.</summary>
    public long EpochOf(InstanceKey key) => _epochs.IsEmpty ? 0 : _epochs[HealthShard.Of(key)];

    /// <summary>What a command about these shares names.</summary>
    public ImmutableArray<LeaseFence> FencesOf(IEnumerable<int> shards) =>
        _epochs.IsEmpty ? [] : [.. shards.Distinct().Order().Select(shard => new LeaseFence(shard, _epochs[shard]))];

    /// <summary>The same shares under the same epochs, whenever they end.</summary>
    public bool IsSameShare(Ownership other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _epochs.AsSpan().SequenceEqual(other._epochs.AsSpan());
    }
}
