namespace Dashboard.Web.Console.Live;

/// <summary>
/// How long a component rests after it has drawn a change, so that many changes cost one render each <paramref name="pace"/>. One render is in hand: what somebody does a moment after somebody else, or after a
/// probe, is drawn as soon as a change that comes alone. For one loop.
/// </summary>
/// <param name="pace">Time from one render to the next while changes keep coming.</param>
internal sealed class RenderPace(TimeSpan pace, TimeProvider time)
{
    /// <summary>What comes within this time is drawn together in any case.</summary>
    public static readonly TimeSpan Least = TimeSpan.FromMilliseconds(20);

    private readonly long _origin = time.GetTimestamp();

    // Until when the renders so far have used up the time: ahead of the clock by one pace at most when a rest is over.
    private TimeSpan _used;

    /// <summary>The rest after a change that has just been drawn; at least <see cref="Least"/>, at most the pace.</summary>
    public TimeSpan RestAfterChange()
    {
        var now = time.GetElapsedTime(_origin);
        var behind = _used > now ? _used - now : TimeSpan.Zero;
        _used = now + behind + pace;
        return behind < Least ? Least : behind < pace ? behind : pace;
    }
}
