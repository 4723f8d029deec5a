using Dashboard.Core.Balancing;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>
/// The order in which weighted records are given. A whole answer starts at a record chosen by weight and goes round, so that clients that take the first follow
/// the weights. A cut answer is a weighted sample that is a pure function of who asks and of the records: the same client gets the same one again, because
/// a client that compares answers takes a missing record for a dead server, and a changed weight moves few records in or out.
/// </summary>
internal sealed class DnsLine
{
    /// <summary>Samples that differ from each other, so as many kinds of client. More would cost memory and gain little: most clients come back over TCP.</summary>
    private const int Samples = 64;

    /// <summary>More records than this never fit into a datagram.</summary>
    private const int LongestSample = 128;

    private readonly ulong[] _identities;
    private readonly long[] _sums;
    private readonly int[]?[] _samples = new int[Samples][];

    /// <param name="identities">A number for each record that stays the same over revisions.</param>
    /// <param name="weights">At least 1 each.</param>
    public DnsLine(ulong[] identities, ReadOnlySpan<long> weights)
    {
        _identities = identities;
        _sums = new long[weights.Length];
        var sum = 0L;
        for (var i = 0; i < weights.Length; i++)
        {
            _sums[i] = sum += weights[i];
        }
    }

    public int Count => _sums.Length;

    /// <summary>The record that a whole answer starts with. Tickets in a row are spread evenly over the weights.</summary>
    public int StartAt(ulong ticket)
    {
        if (_sums.Length < 2)
            return 0;

        var point = (long)Math.BigMul(unchecked(ticket * RandomBits.Golden), (ulong)_sums[^1], out _);
        var index = _sums.AsSpan().BinarySearch(point + 1);
        return index >= 0 ? index : ~index;
    }

    /// <summary>The records in the order in which a cut answer takes them, until it is full.</summary>
    /// <param name="client">A number for who asks.</param>
    /// <param name="most">How many can fit at most.</param>
    public ReadOnlySpan<int> Sample(ulong client, int most)
    {
        var kind = (int)(RandomBits.Mix(client) % Samples);
        if (most > LongestSample)
            return Draw(kind, most);

        return _samples[kind] ??= Draw(kind, LongestSample);
    }

    // Weighted sampling without replacement: the smallest of -ln(u) / weight, u from a hash of record and kind of client (Efraimidis and Spirakis 2006).
    private int[] Draw(int kind, int most)
    {
        var keys = new double[Count];
        var order = new int[Count];
        for (var i = 0; i < keys.Length; i++)
        {
            var uniform = ((RandomBits.Mix(_identities[i] ^ RandomBits.Mix((ulong)kind + 1)) >> 11) + 1) * (1.0 / (1UL << 53));
            keys[i] = -Math.Log(uniform) / (_sums[i] - (i == 0 ? 0 : _sums[i - 1]));
            order[i] = i;
        }

        Array.Sort(keys, order);
        return order.Length <= most ? order : order[..most];
    }
}
