namespace Dashboard.Core.Traffic;

/// <summary>What the traffic says about an instance's intended share.</summary>
public enum ShareVerdict
{
    /// <summary>Too few requests to tell.</summary>
    CannotTell,

    /// <summary>The actual share is inside the band.</summary>
    Agrees,

    /// <summary>The actual share is outside the band.</summary>
    Disagrees,
}

/// <summary>
/// An instance's intended share of a service's new requests against the actual one. With n requests in the sample and an intended share p, each request
/// is taken as an independent draw (a binomial sample), so sigma = sqrt(p (1 - p) / n); the noise band reaches max(4 sigma, p / 10) to either side: a right
/// balancer leaves 4 sigma in fewer than 1 of 15,000 windows. For p = 0 the band is 0: one request is one too many.
/// </summary>
/// <param name="Intended">0-1.</param>
/// <param name="Requests">Requests that began at the instance.</param>
/// <param name="ServiceRequests">Requests that began at the whole service: n.</param>
public readonly record struct ShareEvidence(double Intended, long Requests, long ServiceRequests)
{
    private const double Sigmas = 4;
    private const double Tolerance = 0.1;

    // The least that says something about an instance that should get nothing (or everything).
    private const long LeastRequests = 10;

    /// <summary>0-1; null without a request.</summary>
    public double? Actual => ServiceRequests == 0 ? null : (double)Requests / ServiceRequests;

    /// <summary>How far the actual share may be from the intended one, to either side, 0-1.</summary>
    public double NoiseBand => BandFor(Intended, ServiceRequests);

    /// <summary>
    /// <see cref="ShareVerdict.CannotTell"/> below the sample at which no request at all would be noticed (4 sigma as wide as the share itself:
    /// 16 (1 - p) / p requests), or below 10 requests.
    /// </summary>
    public ShareVerdict Verdict
    {
        get
        {
            // One wrong request is proof whatever the sample.
            if (Intended <= 0 && Requests > 0)
            {
                return ShareVerdict.Disagrees;
            }

            return ServiceRequests < RequestsToTell(Intended) ? ShareVerdict.CannotTell
                : Math.Abs(Actual!.Value - Intended) <= NoiseBand ? ShareVerdict.Agrees
                : ShareVerdict.Disagrees;
        }
    }

    /// <summary>For policies that do not follow weights exactly: agrees when none is sent where none should be, and some where some should be.</summary>
    public ShareVerdict ZeroVerdict =>
        Intended <= 0 && Requests > 0 ? ShareVerdict.Disagrees
        : ServiceRequests < RequestsToTell(Intended) ? ShareVerdict.CannotTell
        : Intended > 0 == Requests > 0 ? ShareVerdict.Agrees
        : ShareVerdict.Disagrees;

    /// <summary>The band for an intended share (0-1) and a sample size; 1 (all of it) for an empty sample.</summary>
    public static double BandFor(double intended, long requests) =>
        requests <= 0 ? 1 : Math.Min(1, Math.Max(Sigmas * Math.Sqrt(Math.Max(0, intended * (1 - intended)) / requests), Tolerance * intended));

    /// <summary>How many requests a sample needs before it says anything about this share.</summary>
    public static long RequestsToTell(double intended) =>
        intended <= 0 ? LeastRequests : Math.Max(LeastRequests, (long)Math.Ceiling(Sigmas * Sigmas * (1 - intended) / intended));
}
