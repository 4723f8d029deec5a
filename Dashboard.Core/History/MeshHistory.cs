using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.History;

/// <summary>
/// The past: the mesh as it was at a moment, and lines of what happened between two. The last 15 minutes of traffic come from memory by the second, older ones from their minutes' roll-ups; the
/// registry comes from the change log: what has changed since is taken back, all else is as it is now.
/// </summary>
public sealed class MeshHistory(IRegistry registry, TrafficStore traffic, IHistoryStore store, TimeProvider time)
{
    /// <summary>Most changes that are taken back for one moment.</summary>
    public const int MostChanges = 250_000;

    /// <summary>Most points of one line.</summary>
    public const int MostPoints = 2_000;

    /// <summary>Most marks of one line.</summary>
    public const int MostMarks = 300;

    /// <summary>Most changes that nobody asked for among which those are looked for that are worth a mark.</summary>
    public const int MostUnasked = 3_000;

    private const int Kept = 8;

    // A moment is asked for by several at once: the page, its graph, its charts. What is young may still be told more of.
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Young = TimeSpan.FromMinutes(3);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turns = new(2);
    private ImmutableList<(DateTimeOffset At, DateTimeOffset Asked, Task<PastAnswer> Answer)> _recent = [];

    /// <summary>The mesh at a moment, cut to the second.</summary>
    /// <exception cref="System.Data.Common.DbException">The store is away.</exception>
    public Task<PastAnswer> AtAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        at = Second(at.ToUniversalTime());
        var now = time.GetUtcNow();
        if (at > now)
        {
            return Task.FromResult(new PastAnswer(null, PastFault.Future, $"{Words(at)} has not come yet; it is {Words(now)}.", null));
        }

        lock (_gate)
        {
            _recent = _recent.RemoveAll(one => one.Answer.IsFaulted || now - one.Asked > (now - one.At < Young ? TimeSpan.FromSeconds(2) : KeptFor));
            var known = _recent.Find(one => one.At == at);
            if (known.Answer is null)
            {
                // Nobody's leaving takes it from the others who wait.
                known = (at, now, Task.Run(() => MakeAsync(at), CancellationToken.None));
                _recent = (_recent.Count < Kept ? _recent : _recent.RemoveAt(0)).Add(known);
            }

            return known.Answer.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The first moment that <see cref="AtAsync"/> can show; null while nothing ever changed.</summary>
    /// <exception cref="System.Data.Common.DbException">The store is away.</exception>
    public async Task<DateTimeOffset?> OldestAsync(CancellationToken cancellationToken) => OldestOf(await store.SpanAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>The first minute of which traffic may be known; null = none.</summary>
    /// <exception cref="System.Data.Common.DbException">The store is away.</exception>
    public async Task<DateTimeOffset?> OldestTrafficAsync(CancellationToken cancellationToken) => (await store.SpanAsync(cancellationToken).ConfigureAwait(false)).Traffic;

    /// <summary>What operators did between two moments, or what happened to one service; the newest 300 of it, oldest first.</summary>
    /// <exception cref="System.Data.Common.DbException">The store is away.</exception>
    public async Task<ImmutableArray<ChangeMark>> MarksAsync(string? service, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var changes = await store.ChangesAsync(service, from, to, MostMarks, cancellationToken).ConfigureAwait(false);
        return [.. changes.Where(change => service is null || ChangeMark.Matters(change, service)).Select(ChangeMark.Of)];
    }

    /// <summary>All that may have moved traffic anywhere between two moments: what operators did, and what happened by itself.</summary>
    /// <exception cref="System.Data.Common.DbException">The store is away.</exception>
    public async Task<NotableMarks> NotableAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var asked = MarksAsync(null, from, to, cancellationToken);
        var unasked = await store.UnaskedAsync(from, to, MostUnasked, cancellationToken).ConfigureAwait(false);
        var marks = unasked.Select(ChangeMark.Of).Where(mark => mark.Kind != MarkKind.Other).Concat(await asked.ConfigureAwait(false)).OrderBy(mark => mark.Revision);
        return new([.. marks], unasked.Length < MostUnasked ? null : unasked[0].At);
    }

    /// <summary>
    /// A service's traffic as a line of points between two moments, oldest first: whole steps, which begin at multiples of the step. What nobody reported is null. The latencies of one instance, or from one caller, over
    /// several minutes are the highest of its minutes'; a service's are measured over all its requests.
    /// </summary>
    /// <param name="instance">One of its instances; null = the whole service.</param>
    /// <param name="source">Only what this caller sent, of the whole service; null = everybody.</param>
    /// <param name="step">Whole seconds; under 60 the line reaches back 15 minutes, and what is older is unknown.</param>
    /// <exception cref="System.Data.Common.DbException">The store is away, and some of the line is older than memory.</exception>
    public async Task<ImmutableArray<TrafficPoint>> LineAsync(string service, string? instance, DateTimeOffset from, DateTimeOffset to, TimeSpan step, CancellationToken cancellationToken, string? source = null)
    {
        var points = traffic.Chart(service, instance, from, to, step, source);
        if (step < TimeSpan.FromMinutes(1) || points.IsEmpty || points.All(point => point.Rps is not null))
        {
            return points;
        }

        var minutes = await store.ReadServiceAsync(service, points[0].At, points[^1].At + step, cancellationToken).ConfigureAwait(false);
        var next = 0;
        var line = ImmutableArray.CreateBuilder<TrafficPoint>(points.Length);
        foreach (var point in points)
        {
            for (; next < minutes.Count && minutes[next].Minute < point.At; next++)
            {
            }

            var first = next;
            for (; next < minutes.Count && minutes[next].Minute < point.At + step; next++)
            {
            }

            line.Add(point.Rps is not null ? point : Sum(point.At, minutes.Skip(first).Take(next - first), instance, source));
        }

        return line.ToImmutable();
    }

    private static TrafficPoint Sum(DateTimeOffset at, IEnumerable<ServiceMinute> minutes, string? instance, string? source)
    {
        var (requests, completed, failures, known) = (0L, 0L, 0L, 0);
        (double? P50, double? P95, double? P99) highest = default;
        var latencies = instance is null && source is null ? new LatencySum() : null;
        foreach (var minute in minutes)
        {
            known += minute.KnownSeconds;
            latencies?.Add(minute.Latency);
            var figures = instance is not null ? minute.Instances.FirstOrDefault(one => one.Key.Id == instance)?.Figures ?? default
                : source is not null ? minute.Callers.FirstOrDefault(one => one.Key.Source == source)?.Figures ?? default
                : minute.Figures;
            (requests, completed, failures) = (requests + figures.Requests, completed + figures.Completed, failures + figures.Failures);
            highest = (Higher(highest.P50, figures.P50Ms), Higher(highest.P95, figures.P95Ms), Higher(highest.P99, figures.P99Ms));
        }

        if (known == 0)
        {
            return new(at, null, null, null, null, null);
        }

        if (latencies is not null)
        {
            highest = (latencies.Quantile(0.5)?.TotalMilliseconds, latencies.Quantile(0.95)?.TotalMilliseconds, latencies.Quantile(0.99)?.TotalMilliseconds);
        }

        return new(at, ServiceMinute.Rate(requests, known), completed == 0 ? null : Math.Min(1, (double)failures / completed), highest.P50, highest.P95, highest.P99);
    }

    private async Task<PastAnswer> MakeAsync(DateTimeOffset at)
    {
        await _turns.WaitAsync().ConfigureAwait(false);
        try
        {
            var span = await store.SpanAsync(CancellationToken.None).ConfigureAwait(false);
            if (span.Generation > at)
            {
                return new(null, PastFault.OtherGeneration, $"The registry was restored {Words(span.Generation.Value)}: what was before belongs to another course of things and cannot be shown.", OldestOf(span));
            }

            if (OldestOf(span) is not { } oldest || oldest > at)
            {
                return new(null, PastFault.NotKnown, OldestOf(span) is { } first ? $"{Words(at)} is not known: the retained log begins {Words(first)}." : "Nothing has ever changed in this registry.", OldestOf(span));
            }

            var since = await store.ChangesSinceAsync(at, MostChanges, CancellationToken.None).ConfigureAwait(false);
            if (since.Earlier is not { } earlier)
            {
                return new(null, PastFault.TooMuchSince, $"{since.Count.ToString("N0", CultureInfo.InvariantCulture)} changes were made since {Words(at)}; at most {MostChanges.ToString("N0", CultureInfo.InvariantCulture)} can be taken back.", null);
            }

            var now = registry.Current;
            if (now.Generation != since.Generation)
            {
                return new(null, PastFault.OtherGeneration, "The registry is being restored. Ask again when this console has read it.", null);
            }

            var then = now.Rewind(since.Revision, since.At ?? at, earlier);
            return new(await WithTrafficAsync(at, then).ConfigureAwait(false), null, null, oldest);
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task<PastMesh> WithTrafficAsync(DateTimeOffset at, RegistrySnapshot then)
    {
        if (traffic.FrameAt(at) is { } frame)
        {
            return new(at, then, frame, TrafficGrain.Second, (service, window) => traffic.Query(service, window, at));
        }

        var minute = DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds() / 60 * 60);
        var minutes = (await store.ReadMinuteAsync(minute, [.. then.Services.Keys], CancellationToken.None).ConfigureAwait(false))
            .Where(one => one.KnownSeconds > 0).ToDictionary(one => one.Service, StringComparer.Ordinal);
        TrafficWindow Window(string service, TimeSpan window) => minutes.TryGetValue(service, out var one)
            ? new() { Service = service, From = minute, To = minute.AddMinutes(1), UnknownSeconds = one.UnknownSeconds, Total = one.Figures, Instances = one.Instances, Callers = one.Callers }
            : new() { Service = service, From = minute, To = minute.AddMinutes(1), UnknownSeconds = 60, Total = default, Instances = [], Callers = [] };
        return new(at, then, minutes.Count == 0 ? TrafficFrame.Empty with { IsComplete = false } : FrameOf(at, minute, minutes), minutes.Count == 0 ? TrafficGrain.Unknown : TrafficGrain.Minute, Window);
    }

    private static TrafficFrame FrameOf(DateTimeOffset at, DateTimeOffset minute, Dictionary<string, ServiceMinute> minutes) => new()
    {
        Sequence = 1,
        At = at,
        Until = minute.AddMinutes(1),
        IsComplete = false,
        Edges = minutes.Values.SelectMany(one => one.Callers).ToDictionary(edge => edge.Key),
        Instances = minutes.Values.SelectMany(one => one.Instances).ToDictionary(instance => instance.Key),
        Services = minutes.Values.ToDictionary(
            one => one.Service,
            one => new ServiceTraffic(
                one.Service, one.Figures, one.Instances.Sum(instance => instance.InFlight), one.Instances.Sum(instance => instance.LongLived), one.Instances.All(instance => instance.InFlightComplete),
                one.Requests > 0 ? minute.AddMinutes(1) : null),
            StringComparer.Ordinal),
    };

    private static DateTimeOffset? OldestOf(HistorySpan span) => span.Generation > span.Registry ? span.Generation : span.Registry;

    private static double? Higher(double? one, double? other) => one is null ? other : other is null ? one : Math.Max(one.Value, other.Value);

    private static DateTimeOffset Second(DateTimeOffset moment) => DateTimeOffset.FromUnixTimeSeconds(moment.ToUnixTimeSeconds());

    private static string Words(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
