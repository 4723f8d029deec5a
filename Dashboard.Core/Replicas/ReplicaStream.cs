using System.Collections.Immutable;
using System.Threading.Channels;
using Dashboard.Core.Discovery;
using Dashboard.Core.Feeds;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Replicas.Wire;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Replicas;

/// <summary>
/// What this console tells one other: first all its state, then what is new. What waits is bounded: of followers and heartbeats only the last word of each, of reports the newest
/// <see cref="WaitingReports"/>. For one reader; dispose it when the connection ends.
/// </summary>
public sealed class ReplicaStream : IDisposable
{
    /// <summary>How long the reader may hear nothing.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    public const int WaitingReports = 4096;

    // Many changes in a row go together.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    // A frame stays well below what a reader takes at once.
    private const int RowsEach = 50_000;

    private readonly FollowerTable _followers;
    private readonly TrafficStore _traffic;
    private readonly Heartbeats _heartbeats;
    private readonly IHealthOverlays _overlays;
    private readonly LeaseKeeper _leases;
    private readonly HealthShare _share;
    private readonly TimeProvider _time;
    private readonly SignInMark? _mark;
    private readonly Channel<(TrafficReport Report, long At)> _reports;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    // Guards what follows.
    private readonly Lock _gate = new();
    private HashSet<string> _changed = new(StringComparer.Ordinal);
    private HashSet<string> _forgotten = new(StringComparer.Ordinal);
    private Dictionary<InstanceKey, (CheckOutcome Outcome, string Output, long At)> _beats = [];
    private bool _overlayChanged;
    private bool _started;

    public ReplicaStream(FollowerTable followers, TrafficStore traffic, Heartbeats heartbeats, IHealthOverlays overlays, LeaseKeeper leases, HealthShare share, TimeProvider time, SignInMark? mark = null)
    {
        ArgumentNullException.ThrowIfNull(followers);
        ArgumentNullException.ThrowIfNull(traffic);
        ArgumentNullException.ThrowIfNull(heartbeats);
        ArgumentNullException.ThrowIfNull(overlays);
        _followers = followers;
        _traffic = traffic;
        _heartbeats = heartbeats;
        _overlays = overlays;
        _leases = leases;
        _share = share;
        _time = time;
        _mark = mark;
        _reports = Channel.CreateBounded<(TrafficReport, long)>(
            new BoundedChannelOptions(WaitingReports) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, _ => DroppedReports++);
        // Registered first and read then, so that nothing between the two is missed.
        followers.Changed += OnChanged;
        followers.Forgotten += OnForgotten;
        traffic.Reported += OnReported;
        heartbeats.Beaten += OnBeaten;
        overlays.OwnChanged += OnOverlay;
    }

    /// <summary>Reports that were dropped because the reader was too slow: it will count their sequence as missed.</summary>
    public long DroppedReports { get; private set; }

    /// <summary>The next line; waits until something is new, at most <see cref="Every"/>.</summary>
    public async ValueTask<ReplicaFrame> NextAsync(CancellationToken cancellationToken)
    {
        if (!_started)
        {
            _started = true;
            return Make(full: true);
        }

        await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CancelAfter(patience, Every - Pause);
        try
        {
            await _wake.Reader.ReadAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing new: the line says that this console lives.
        }

        return Make(full: false);
    }

    public void Dispose()
    {
        _followers.Changed -= OnChanged;
        _followers.Forgotten -= OnForgotten;
        _traffic.Reported -= OnReported;
        _heartbeats.Beaten -= OnBeaten;
        _overlays.OwnChanged -= OnOverlay;
    }

    private ReplicaFrame Make(bool full)
    {
        HashSet<string> changed, forgotten;
        Dictionary<InstanceKey, (CheckOutcome Outcome, string Output, long At)> beats;
        bool overlay;
        lock (_gate)
        {
            (changed, forgotten, beats, overlay) = (_changed, _forgotten, _beats, _overlayChanged || full);
            (_changed, _forgotten, _beats, _overlayChanged) = (new(StringComparer.Ordinal), new(StringComparer.Ordinal), [], false);
        }

        var now = _time.GetUtcNow();
        Follower[] told = full ? [.. _followers.Own] : [.. changed.Select(_followers.FindOwn).OfType<Follower>()];
        return new()
        {
            Replica = _leases.Self.Result.Id,
            Full = full,
            SignIn = full ? _mark?.Current : null,
            ReachesStore = _leases.ReachesStore,
            Shares = _share.Current.Held.ToImmutableDictionary(),
            Followers = [.. told.Select(follower => FollowerWord.From(follower, now))],
            Gone = full ? [] : [.. changed.Where(id => _followers.FindOwn(id) is null)],
            Forgotten = [.. forgotten],
            Reports = TakeReports(),
            Heartbeats = [.. beats.Select(beat => new HeartbeatWord(beat.Key.Service, beat.Key.Id, beat.Value.Outcome, beat.Value.Output, _time.GetElapsedTime(beat.Value.At).TotalMilliseconds))],
            Overlay = overlay ? OverlayFrame.From(_overlays.Own) : null,
        };
    }

    private List<TrafficReportDocument> TakeReports()
    {
        var taken = new List<TrafficReportDocument>();
        var rows = 0;
        while (rows < RowsEach && _reports.Reader.TryRead(out var waiting))
        {
            taken.Add(TrafficReportDocument.From(waiting.Report with { Age = waiting.Report.Age + _time.GetElapsedTime(waiting.At) }));
            rows += waiting.Report.Rows.Length + waiting.Report.InFlight.Length + 1;
        }

        if (rows >= RowsEach)
            Wake();
        return taken;
    }

    private void OnChanged(string id)
    {
        lock (_gate)
        {
            _changed.Add(id);
        }

        Wake();
    }

    private void OnForgotten(string id)
    {
        lock (_gate)
        {
            _forgotten.Add(id);
        }

        Wake();
    }

    private void OnReported(TrafficReport report)
    {
        _reports.Writer.TryWrite((report, _time.GetTimestamp()));
        Wake();
    }

    private void OnBeaten(InstanceKey key, CheckOutcome outcome, string output)
    {
        lock (_gate)
        {
            _beats[key] = (outcome, output, _time.GetTimestamp());
        }

        Wake();
    }

    private void OnOverlay()
    {
        lock (_gate)
        {
            _overlayChanged = true;
        }

        Wake();
    }

    private void Wake() => _wake.Writer.TryWrite(true);
}
