namespace Dashboard.Core.Balancing;

/// <summary>Everything one choice depends on; equal choices give equal answers.</summary>
public readonly ref struct Choice
{
    public Choice(
        CandidateList candidates,
        ulong ticket,
        ulong random,
        ReadOnlySpan<InFlightCounter> inFlight = default,
        ReadOnlySpan<ulong> excluded = default)
    {
        Candidates = candidates;
        Ticket = ticket;
        Random = random;
        InFlight = inFlight;
        Excluded = new(excluded);
    }

    /// <summary>Who may be chosen.</summary>
    public CandidateList Candidates { get; }

    /// <summary>The number of this choice among the service's choices, see <see cref="BalancerState.NextTicket"/>.</summary>
    public ulong Ticket { get; }

    /// <summary>64 evenly distributed bits, see <see cref="BalancerState.NextRandom"/>.</summary>
    public ulong Random { get; }

    /// <summary>Requests in flight, in the order of the candidates; empty counts as idle.</summary>
    public ReadOnlySpan<InFlightCounter> InFlight { get; }

    /// <summary>Candidates that must not be chosen now: already tried by this request, or ejected locally.</summary>
    public CandidateMask Excluded { get; }

    internal int InFlightOf(int index) => index < InFlight.Length ? Math.Max(0, InFlight[index].Value) : 0;
}
