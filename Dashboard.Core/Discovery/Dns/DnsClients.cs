using System.Collections.Immutable;
using System.Net;
using System.Threading.Channels;
using Dashboard.Core.Balancing;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>
/// Notes who asks for which service, for the list of followers: a DNS client cannot confirm what it holds, but an operator wants to see that it is there. At most
/// <see cref="MaxClients"/> are listed and each pair of client and service is noted once a minute; what does not fit is left out.
/// </summary>
public sealed class DnsClients
{
    public const int MaxClients = 1000;

    /// <summary>A client that was silent for this long is dropped from the list.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);

    private const int Recent = 4096;

    private static readonly TimeSpan Again = TimeSpan.FromMinutes(1);

    private readonly FollowerTable _followers;
    private readonly TimeProvider _time;
    private readonly Channel<(IPAddress Address, string Service)> _notes = Channel.CreateBounded<(IPAddress, string)>(
        new BoundedChannelOptions(1024) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    // Pairs noted lately, one a slot: the pair's hash with the time of the note in its low bits.
    private readonly ulong[] _recent = new ulong[Recent];
    private readonly Dictionary<IPAddress, DateTimeOffset> _listed = [];

    public DnsClients(FollowerTable followers, TimeProvider time)
    {
        _followers = followers;
        _time = time;
    }

    /// <summary>Notes a question. Costs one look into a table when the pair was noted lately.</summary>
    /// <param name="address">The source address: 4 or 16 bytes.</param>
    public void Asked(ReadOnlySpan<byte> address, string service, long timestamp)
    {
        const ulong TimeBits = 0xFFFF;
        var hash = Fingerprint(address) ^ (uint)service.GetHashCode(StringComparison.Ordinal);
        hash = RandomBits.Mix(hash);
        var minute = (ulong)(timestamp / (_time.TimestampFrequency * (long)Again.TotalSeconds)) & TimeBits;
        ref var slot = ref _recent[hash % Recent];
        var mark = (hash & ~TimeBits) | minute;
        if (Volatile.Read(ref slot) == mark)
            return;

        Volatile.Write(ref slot, mark);
        _notes.Writer.TryWrite((new(address), service));
    }

    /// <summary>A number for an address.</summary>
    public static ulong Fingerprint(ReadOnlySpan<byte> address)
    {
        var hash = 0UL;
        foreach (var part in address)
        {
            hash = (hash ^ part) * 0x100000001B3;
        }

        return RandomBits.Mix(hash);
    }

    /// <summary>Carries notes to the followers until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var (address, service) in _notes.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            Note(address, service);
        }
    }

    internal void Note(IPAddress address, string service)
    {
        var now = _time.GetUtcNow();
        if (!_listed.ContainsKey(address) && _listed.Count >= MaxClients)
            Drop(now);

        if (_listed.Count >= MaxClients && !_listed.ContainsKey(address))
            return;

        _listed[address] = now;
        var text = address.ToString();
        _followers.Seen(Id(text), FollowerKind.Dns, text, ImmutableHashSet.Create(StringComparer.Ordinal, service), reports: false, dueBy: now + 2 * Again);
    }

    private static string Id(string address) => $"dns:{address}";

    private void Drop(DateTimeOffset now)
    {
        foreach (var (address, seen) in _listed.Where(pair => now - pair.Value > Kept).ToArray())
        {
            _listed.Remove(address);
            _followers.Forget(Id(address.ToString()));
        }
    }
}
