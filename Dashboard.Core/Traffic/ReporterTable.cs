using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Traffic;

/// <summary>Who reports, how far each one's sequence has come, and what each has open. Guarded by the store's lock.</summary>
internal sealed class ReporterTable(int maximum, TimeSpan silentAfter)
{
    private readonly Dictionary<string, ReporterState> _reporters = new(StringComparer.Ordinal);

    /// <summary>Everyone, by id.</summary>
    public ImmutableArray<TrafficReporter> Describe() =>
        [.. _reporters.Values.Select(reporter => reporter.Describe()).OrderBy(reporter => reporter.Id, StringComparer.Ordinal)];

    /// <summary>Takes the report's place in its reporter's sequence.</summary>
    /// <param name="age">How old it is, zero or more.</param>
    /// <param name="missedSince">Until when was reported before those that this one shows to be missing; null = none is missing.</param>
    /// <returns><see cref="ReportOutcome.TooMany"/>, <see cref="ReportOutcome.Repeated"/> or <see cref="ReportOutcome.Accepted"/>.</returns>
    public ReportOutcome TryAdvance(TrafficReport report, TimeSpan age, DateTimeOffset now, out DateTimeOffset? missedSince)
    {
        missedSince = null;
        if (!_reporters.TryGetValue(report.Reporter, out var reporter))
        {
            if (_reporters.Count >= maximum)
            {
                return ReportOutcome.TooMany;
            }

            _reporters[report.Reporter] = reporter = new(report.Reporter);
        }

        var (session, sequence, asOf) = (reporter.Session, reporter.Sequence, reporter.AsOf);
        if (!reporter.TryAdvance(report with { Age = age }, now))
        {
            return ReportOutcome.Repeated;
        }

        if (session == report.Session && report.Sequence > sequence + 1)
        {
            missedSince = asOf;
        }

        return ReportOutcome.Accepted;
    }

    /// <summary>What is known about the requests in flight at an instance.</summary>
    /// <param name="reporters">Who must have said so.</param>
    /// <param name="notBefore">A word from before this does not count; a silent reporter's never does.</param>
    public InFlightKnowledge InFlight(InstanceKey instance, IEnumerable<string> reporters, DateTimeOffset notBefore, DateTimeOffset now)
    {
        var fresh = now - silentAfter;
        var oldest = fresh > notBefore ? fresh : notBefore;
        var known = ImmutableArray.CreateBuilder<ReporterInFlight>();
        var unknown = ImmutableArray.CreateBuilder<string>();
        foreach (var id in reporters)
        {
            if (_reporters.TryGetValue(id, out var reporter) && reporter.AsOf >= oldest)
            {
                var row = reporter.InFlight.GetValueOrDefault(instance);
                known.Add(new(id, reporter.AsOf, row?.Requests ?? 0, row?.LongLived ?? 0));
            }
            else
            {
                unknown.Add(id);
            }
        }

        return new(known.Sum(row => (long)row.Requests), known.Sum(row => (long)row.LongLived), known.ToImmutable(), unknown.ToImmutable());
    }

    /// <summary>What all of them have open, by instance.</summary>
    public Dictionary<InstanceKey, OpenCount> Open(DateTimeOffset now)
    {
        var open = new Dictionary<InstanceKey, OpenCount>();
        foreach (var reporter in _reporters.Values)
        {
            var silent = reporter.AsOf < now - silentAfter;
            foreach (var (key, row) in reporter.InFlight)
            {
                var sum = open.GetValueOrDefault(key);
                open[key] = silent ? sum with { Silent = true } : sum with { Requests = sum.Requests + row.Requests, LongLived = sum.LongLived + row.LongLived };
            }
        }

        return open;
    }

    /// <summary>Forgets those whose last report is older.</summary>
    public void Prune(DateTimeOffset before)
    {
        foreach (var (id, reporter) in _reporters)
        {
            if (reporter.LastReport < before)
            {
                _reporters.Remove(id);
            }
        }
    }
}
