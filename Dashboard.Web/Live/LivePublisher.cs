using System.Threading.Channels;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Live;

/// <summary>Turns what the registry's and the traffic's feeds say into frames: state at most five times a second, traffic as it comes, once a second.</summary>
internal sealed class LivePublisher : BackgroundService
{
    private static readonly TimeSpan StateInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly IRegistry _registry;
    private readonly TrafficStore _traffic;
    private readonly LiveStreams _streams;
    private readonly LiveViewers _viewers;
    private readonly ChangeMarks _marks;
    private readonly TimeProvider _time;
    private readonly StateCoalescer _coalescer;

    // One waiting wake is enough: whoever wakes looks at everything.
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private TrafficFrame? _pending;

    public LivePublisher(IRegistry registry, TrafficStore traffic, LiveStreams streams, LiveViewers viewers, ChangeMarks marks, TimeProvider time)
    {
        (_registry, _traffic, _streams, _viewers, _marks, _time) = (registry, traffic, streams, viewers, marks, time);
        _coalescer = new(time, StateInterval, Wake);
    }

    public override void Dispose()
    {
        _coalescer.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(
                _registry.Feed.FollowAsync(OnRegistry, OnUpdate, stoppingToken),
                _traffic.Feed.FollowAsync(OnTraffic, OnTraffic, stoppingToken, capacity: 8),
                PublishAsync(stoppingToken),
                SweepAsync(stoppingToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private ValueTask OnRegistry(RegistrySnapshot snapshot)
    {
        _coalescer.Signal();
        Wake();
        return ValueTask.CompletedTask;
    }

    private ValueTask OnUpdate(RegistryUpdate update)
    {
        _marks.Add(update);
        return OnRegistry(update.After);
    }

    private ValueTask OnTraffic(TrafficFrame frame)
    {
        // A frame that was not sent yet is overtaken by this one, which says all that it said.
        Interlocked.Exchange(ref _pending, frame);
        Wake();
        return ValueTask.CompletedTask;
    }

    private void Wake() => _wakes.Writer.TryWrite(true);

    private async Task PublishAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _wakes.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            var now = _time.GetUtcNow();
            var staleSince = _registry.Availability.UnavailableSince;
            if (_coalescer.Take())
            {
                var registry = _registry.Current;
                await _streams.Topology.PublishStateAsync(registry, staleSince, now).ConfigureAwait(false);
                foreach (var service in _streams.Services())
                {
                    await service.PublishStateAsync(registry, staleSince, now).ConfigureAwait(false);
                }
            }

            if (Interlocked.Exchange(ref _pending, null) is { } traffic)
            {
                await _streams.Topology.PublishTrafficAsync(traffic, staleSince, now).ConfigureAwait(false);
                foreach (var service in _streams.Services())
                {
                    await service.PublishTrafficAsync(traffic, staleSince, now).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepInterval, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            _viewers.AbortStuck();
            _marks.Prune(_time.GetUtcNow());
        }
    }
}
