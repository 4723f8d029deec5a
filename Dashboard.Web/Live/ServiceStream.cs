using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Live.Frames;

namespace Dashboard.Web.Live;

/// <summary>One service's instances as frames, with what its charts need. Exists while somebody views it.</summary>
internal sealed class ServiceStream : LiveStream
{
    private static readonly TimeSpan SampleHistory = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan InstanceHistory = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(3);

    // Beyond this, a full frame would cost more than its sparklines are worth: viewers collect the seconds as they come.
    private const int InstancesWithHistory = 100;

    private readonly TrafficStore _traffic;
    private readonly ChangeMarks _marks;
    private ServiceDetail _detail;
    private long _revision;
    private Guid _generation;
    private DateTimeOffset _at;
    private DateTimeOffset? _staleSince;
    private DateTimeOffset _lastSample;
    private long _lastMark;

    public ServiceStream(string service, RegistrySnapshot registry, TrafficStore traffic, ChangeMarks marks, DateTimeOffset? staleSince, DateTimeOffset now)
    {
        _traffic = traffic;
        _marks = marks;
        _detail = ServiceDetail.Unknown(service).WithRegistry(registry, now).WithTraffic(traffic.Feed.Current, now);
        (_revision, _generation, _at, _staleSince, _lastSample, _lastMark) = (registry.Revision, registry.Generation, now, staleSince, now - Recent, registry.Revision);
    }

    protected override string Method => "service";

    public Task PublishStateAsync(RegistrySnapshot registry, DateTimeOffset? staleSince, DateTimeOffset now) => PublishAsync(sequence =>
    {
        var before = _detail;
        _detail = before.WithRegistry(registry, now);
        (_revision, _generation, _at, _staleSince) = (registry.Revision, registry.Generation, now, staleSince);
        var marks = NewMarks();
        return ReferenceEquals(before, _detail) && marks is null ? null : Delta(FrameKind.State, sequence, before, [], marks);
    });

    public Task PublishTrafficAsync(TrafficFrame traffic, DateTimeOffset? staleSince, DateTimeOffset now)
    {
        var points = _traffic.Chart(_detail.Service, instance: null, Recent, OneSecond);
        return PublishAsync(sequence =>
        {
            var before = _detail;
            _detail = before.WithTraffic(traffic, now);
            (_at, _staleSince) = (now, staleSince);
            ImmutableArray<TrafficPoint> fresh = [.. points.Where(point => point.At > _lastSample)];
            _lastSample = fresh.IsEmpty ? _lastSample : fresh[^1].At;
            return Delta(FrameKind.Traffic, sequence, before, fresh, NewMarks());
        });
    }

    protected override object MakeFull(long sequence)
    {
        var history = _detail.Instances.Count > InstancesWithHistory ? null : FrameRows.Rows(_detail.Instances.Values.ToArray(), HistoryOf);
        // What is newer than the last frame's second comes with the next frame, for this viewer as for the others.
        var samples = _traffic.Chart(_detail.Service, instance: null, SampleHistory, OneSecond).Where(point => point.At <= _lastSample).ToArray();
        return Frame(
            FrameKind.Full, sequence,
            [.. _detail.Instances.Values.Select(FrameRows.Instance)], null,
            [.. _detail.Traffic.Select(FrameRows.Traffic)],
            FrameRows.Rows(samples, FrameRows.Sample),
            _marks.Of(_detail.Service, after: 0, upTo: _lastMark),
            FrameRows.Ghosts(_detail.Ghosts),
            history);
    }

    private HistoryRow HistoryOf(InstanceDetail instance) =>
        new(instance.Id, [.. _traffic.Chart(_detail.Service, instance.Id, InstanceHistory, OneSecond).Select(point => (float?)point.Rps)]);

    private IReadOnlyList<MarkRow>? NewMarks()
    {
        var marks = _marks.Of(_detail.Service, after: _lastMark, upTo: long.MaxValue);
        _lastMark = marks?[^1].Revision ?? _lastMark;
        return marks;
    }

    private ServiceFrame Delta(FrameKind kind, long sequence, ServiceDetail before, ImmutableArray<TrafficPoint> samples, IReadOnlyList<MarkRow>? marks)
    {
        var changed = _detail.Instances.Values.Where(instance => !before.Instances.TryGetValue(instance.Id, out var old) || old != instance).ToArray();
        var removed = before.Instances.Keys.Where(id => !_detail.Instances.ContainsKey(id)).ToArray();
        var traffic = _detail.Traffic.Where(one => !before.Traffic.TryGetValue(one.Key, out var old) || old != one.Value)
            .Concat(before.Traffic.Keys.Where(id => _detail.Instances.ContainsKey(id) && !_detail.Traffic.ContainsKey(id)).Select(id => KeyValuePair.Create(id, OpenTraffic.None)))
            .ToArray();
        return Frame(
            kind, sequence, FrameRows.Rows(changed, FrameRows.Instance), FrameRows.Rows(removed, id => id), FrameRows.Rows(traffic, FrameRows.Traffic),
            FrameRows.Rows(samples, FrameRows.Sample), marks,
            before.Ghosts.AsSpan().SequenceEqual(_detail.Ghosts.AsSpan()) ? null : FrameRows.Ghosts(_detail.Ghosts), history: null);
    }

    private ServiceFrame Frame(
        FrameKind kind,
        long sequence,
        IReadOnlyList<InstanceRow>? instances,
        IReadOnlyList<string>? removed,
        IReadOnlyList<LevelRow>? traffic,
        IReadOnlyList<SampleRow>? samples,
        IReadOnlyList<MarkRow>? marks,
        IReadOnlyList<GhostRow>? ghosts,
        IReadOnlyList<HistoryRow>? history) => new(
        (byte)kind, sequence, _revision, _generation.ToString(), _at.ToUnixTimeMilliseconds(), _staleSince?.ToUnixTimeMilliseconds(),
        _detail.Service, _detail.Exists, instances, removed, traffic, samples, marks, ghosts, history);
}
