namespace Dashboard.Core.Feeds;

/// <summary>
/// How soon a follower that takes waiting changes together may take its next step. Steps that cost little follow one another at once; what they cost is drawn from an
/// account that fills by a share of the time that passes, and while that is overdrawn steps are a fixed gap apart. So a change that comes alone, or one of a calm row, is
/// told without delay, and a flood of changes costs no more than with the gap. For one caller at a time.
/// </summary>
/// <param name="gap">Time from the begin of a step to that of the next while the account is overdrawn.</param>
/// <param name="share">The part of the time that steps may take, 0-1; 0 = the gap always.</param>
public sealed class StepPace(TimeSpan gap, double share = 0)
{
    // What fills in one gap: so much may be spent at once.
    private readonly TimeSpan _most = gap * share;
    private TimeSpan _account = gap * share;

    /// <summary>How long to rest after a step.</summary>
    /// <param name="since">Time from the begin of the step before to the begin of this one.</param>
    /// <param name="cost">Time that the step took.</param>
    public TimeSpan RestAfter(TimeSpan since, TimeSpan cost)
    {
        if (share > 0)
        {
            var filled = _account + since * share;
            _account = (filled < _most ? filled : _most) - cost;
            if (_account >= TimeSpan.Zero)
                return TimeSpan.Zero;
            // One rest pays for a step that cost a lot or was held up by others.
            _account = TimeSpan.Zero;
        }

        return cost < gap ? gap - cost : TimeSpan.Zero;
    }
}
