using System.Diagnostics.CodeAnalysis;

namespace Dashboard.Core.Health;

/// <summary>
/// When each instance is looked at: one queue for all. Regular rounds are <c>interval</c> apart from a fixed base, each moved by up to 5 % of the interval either way, so that two looks
/// are 90-110 % of the interval apart and delays do not add up. The move depends on the instance and the round alone.
/// An instance that was never judged is looked at at once, and again after at most 200 ms when that passed (1 s when it failed), so that a new one serves quickly.
/// </summary>
internal sealed class CheckSchedule(TimeProvider time)
{
    /// <summary>How soon one that was never judged is looked at again after it passed, where its interval is not shorter.</summary>
    public static readonly TimeSpan FirstVerdictPass = TimeSpan.FromMilliseconds(200);

    /// <summary>The same after it failed.</summary>
    public static readonly TimeSpan FirstVerdictFailure = TimeSpan.FromSeconds(1);

    private readonly PriorityQueue<(InstanceCheck Check, long Due), long> _queue = new();

    /// <summary>When the next look is due, a timestamp; null = none is planned. May name one that was cancelled since.</summary>
    public long? NextDue => _queue.TryPeek(out _, out var due) ? due : null;

    public void At(InstanceCheck check, long due)
    {
        check.Due = due;
        _queue.Enqueue((check, due), due);
    }

    public static void Cancel(InstanceCheck check) => check.Due = long.MaxValue;

    /// <summary>Takes the next check that is due by now.</summary>
    public bool TryTake(long now, [NotNullWhen(true)] out InstanceCheck? check)
    {
        while (_queue.TryPeek(out var next, out var due) && due <= now)
        {
            _queue.Dequeue();
            if (next.Check.Due == due)
            {
                check = next.Check;
                return true;
            }
        }

        check = null;
        return false;
    }

    /// <summary>Begins regular rounds at a random point of the coming interval, so that those that began together do not stay together.</summary>
    public void BeginRounds(InstanceCheck check, long now, double earliest = 0)
    {
        check.Base = now;
        check.Round = 0;
        var part = earliest + (1 - earliest) * Fraction(check, -1);
        check.Base = now + Ticks(part * check.Check.Interval) - Ticks(check.Check.Interval);
        Next(check, now);
    }

    /// <summary>Plans the next regular round. Rounds that are past already are left out; after a long pause the rounds begin anew.</summary>
    public void Next(InstanceCheck check, long now)
    {
        var interval = Ticks(check.Check.Interval);
        check.Round++;
        var due = Nominal(check, interval);
        if (due < now - interval)
        {
            BeginRounds(check, now);
            return;
        }

        if (due < now)
        {
            // The probe took longer than its interval.
            (check.Base, check.Round, due) = (now, 0, now);
        }

        At(check, due);
    }

    /// <summary>Plans the next look at an instance that was never judged.</summary>
    public void Soon(InstanceCheck check, long now, bool passed)
    {
        var wait = passed ? FirstVerdictPass : FirstVerdictFailure;
        At(check, now + Ticks(wait < check.Check.Interval ? wait : check.Check.Interval));
    }

    public long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private static long Nominal(InstanceCheck check, long interval) =>
        check.Base + check.Round * interval + (long)(0.1 * interval * (Fraction(check, check.Round) - 0.5));

    /// <summary>Evenly spread over [0, 1), by instance and round. FNV-1a, because string hash codes differ from process to process.</summary>
    private static double Fraction(InstanceCheck check, long round)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in check.Key.Service)
        {
            hash = (hash ^ character) * 1099511628211;
        }

        hash = (hash ^ '/') * 1099511628211;
        foreach (var character in check.Key.Id)
        {
            hash = (hash ^ character) * 1099511628211;
        }

        hash ^= (ulong)round * 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return ((hash ^ (hash >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
