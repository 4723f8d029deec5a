using System.Runtime.InteropServices;

namespace Dashboard.Core.Balancing;

/// <summary>
/// What one service's choices share in one data plane: the ticket counter and the random sequence. It outlives the candidate lists, so that a change of the
/// serving set does not start the round anew. Safe for any number of threads; each value costs one atomic add.
/// </summary>
/// <param name="seed">Where both begin. Data planes with different seeds do not move in step.</param>
public sealed class BalancerState(ulong seed)
{
    private Counters _counters = new() { Ticket = RandomBits.Mix(~seed), Random = seed };

    /// <summary>The next number of the sequence that round robins follow.</summary>
    public ulong NextTicket() => Interlocked.Increment(ref _counters.Ticket) - 1;

    /// <summary>The next 64 evenly distributed bits (SplitMix64, whose state is a plain sum and so needs no lock).</summary>
    public ulong NextRandom() => RandomBits.Mix(Interlocked.Add(ref _counters.Random, RandomBits.Golden));

    // Each counter on a cache line of its own: half of the policies use only one of them.
    [StructLayout(LayoutKind.Explicit, Size = 184)]
    private struct Counters
    {
        [FieldOffset(56)]
        public ulong Ticket;

        [FieldOffset(120)]
        public ulong Random;
    }
}
