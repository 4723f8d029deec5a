using System.Net;
using Dashboard.Core.Balancing;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>
/// Limits UDP answers by source network, so that forged questions cannot turn this server against a victim: a bucket for each /24 (IPv4) or /56 (IPv6), filled at the configured
/// rate and holding one second of it. Above the rate every second question gets an empty truncated answer, which costs the victim no more than the attacker and brings an honest
/// client back over TCP; the other gets nothing. TCP needs no limit: its sources are real.
/// </summary>
/// <remarks>
/// The table is fixed: 16,384 sets of four buckets. A network without a bucket takes over the one in its set that has been idle for longest; a source that forges so many networks
/// that buckets are lost sends each of them little.
/// </remarks>
public sealed class ResponseRateLimiter
{
    private const int Sets = 1 << 14;
    private const int Ways = 4;

    private readonly Lock[] _locks;
    private readonly Bucket[] _buckets = new Bucket[Sets * Ways];
    private readonly long _ticksPerToken;
    private readonly long _burst;
    private readonly ulong _seed;
    private readonly (byte[] Base, int Bits)[] _exempt;

    /// <param name="ratePerSecond">Answers a second to one network; 0 = no limit.</param>
    /// <param name="exempt">Networks without a limit.</param>
    /// <param name="timestampFrequency">Ticks a second of the timestamps that <see cref="Judge"/> gets.</param>
    /// <param name="seed">A random number, so that nobody can aim at another's bucket.</param>
    public ResponseRateLimiter(int ratePerSecond, IEnumerable<IPNetwork> exempt, long timestampFrequency, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ratePerSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(timestampFrequency, 1);
        _exempt = [.. exempt.Select(network => (network.BaseAddress.GetAddressBytes(), network.PrefixLength))];
        _ticksPerToken = ratePerSecond == 0 ? 0 : Math.Max(1, timestampFrequency / ratePerSecond);
        _burst = _ticksPerToken * ratePerSecond;
        _seed = seed;
        _locks = [.. Enumerable.Range(0, 64).Select(_ => new Lock())];
    }

    /// <summary>Counts a question and says what it gets.</summary>
    /// <param name="address">The source address: 4 or 16 bytes.</param>
    /// <param name="now">A timestamp.</param>
    public DnsVerdict Judge(ReadOnlySpan<byte> address, long now)
    {
        if (_ticksPerToken == 0 || IsExempt(address))
            return DnsVerdict.Answer;

        var network = Network(address);
        var set = (int)(RandomBits.Mix(network ^ _seed) % Sets);
        lock (_locks[set % _locks.Length])
        {
            ref var bucket = ref Find(set, network, now);

            // A bucket is kept as the time at which it is empty of debt: one number (the generic cell rate algorithm).
            var due = Math.Max(bucket.Due, now) + _ticksPerToken;
            if (due - now <= _burst)
            {
                bucket.Due = due;
                return DnsVerdict.Answer;
            }

            bucket.Slips++;
            return (bucket.Slips & 1) == 1 ? DnsVerdict.AskForStream : DnsVerdict.Drop;
        }
    }

    private ref Bucket Find(int set, ulong network, long now)
    {
        var oldest = set * Ways;
        for (var i = set * Ways; i < (set + 1) * Ways; i++)
        {
            if (_buckets[i].Network == network)
                return ref _buckets[i];

            if (_buckets[i].Due < _buckets[oldest].Due)
                oldest = i;
        }

        _buckets[oldest] = new() { Network = network, Due = now };
        return ref _buckets[oldest];
    }

    private bool IsExempt(ReadOnlySpan<byte> address)
    {
        foreach (var (start, bits) in _exempt)
        {
            if (start.Length == address.Length && SharesPrefix(start, address, bits))
                return true;
        }

        return false;
    }

    private static bool SharesPrefix(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, int bits)
    {
        var whole = bits / 8;
        return one[..whole].SequenceEqual(other[..whole]) && (bits % 8 == 0 || (one[whole] ^ other[whole]) >> (8 - bits % 8) == 0);
    }

    // Never 0, which is a bucket that nobody has.
    private static ulong Network(ReadOnlySpan<byte> address)
    {
        var network = address.Length == 4 ? 4UL : 6UL;
        foreach (var part in address[..(address.Length == 4 ? 3 : 7)])
        {
            network = network << 8 | part;
        }

        return network;
    }

    private struct Bucket
    {
        public ulong Network;
        public long Due;
        public uint Slips;
    }
}
