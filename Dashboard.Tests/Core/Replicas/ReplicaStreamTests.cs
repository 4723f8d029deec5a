using System.Collections.Immutable;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Replicas;
using Dashboard.Core.Replicas.Wire;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Replicas;

/// <summary>What one console tells reaches the other's table, store and engine; as bytes, without a network.</summary>
public sealed class ReplicaStreamTests : IDisposable
{
    private static readonly InstanceKey Key = new("orders", "orders-1");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly Side _a;
    private readonly Side _b;
    private readonly ReplicaStream _stream;
    private readonly Replica _replica;

    public ReplicaStreamTests()
    {
        (_a, _b) = (new(_time), new(_time));
        _a.Leases.Advertise("http://a:5080");
        _replica = _a.Leases.Self.Result;
        _stream = new(_a.Followers, _a.Traffic, _a.Heartbeats, _a.Overlays, _a.Leases, _a.Share, _time);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public async Task First_all_followers_then_what_is_new_of_them()
    {
        _a.Followers.Seen("gateway-1", FollowerKind.Gateway, "10.0.0.7", ["orders"], reports: true);
        _a.Followers.Acknowledge("gateway-1", Guid.Parse("00000000-0000-0000-0000-000000000001"), 7);
        _time.Advance(TimeSpan.FromSeconds(3));

        await CarryAsync();
        var known = _b.Followers.Find("gateway-1")!;
        Assert.Equal(("http://a:5080", 7L, true, true), (known.Console, known.Acknowledged, known.Reports, known.Connected));
        Assert.Equal(_time.GetUtcNow().AddSeconds(-3), known.AcknowledgedAt);
        Assert.True(known.Follows("orders") && !known.Follows("cart"));

        var pulse = _b.Followers.NextAcknowledgement();
        _a.Followers.Acknowledge("gateway-1", known.Generation, 9);
        await CarryAsync();
        Assert.True(pulse.IsCompleted);
        Assert.Equal(9, _b.Followers.Find("gateway-1")!.Acknowledged);

        _b.Intake.FallSilent(_replica.Id);
        Assert.False(_b.Followers.Find("gateway-1")!.Connected);
        Assert.Equal(["gateway-1"], _b.Followers.FollowersOf(["orders"]));
    }

    [Fact]
    public async Task One_that_an_operator_forgets_at_one_console_is_forgotten_at_both()
    {
        _b.Followers.Seen("gateway-1", FollowerKind.Gateway, null, null, reports: true);
        _a.Followers.Seen("gateway-1", FollowerKind.Gateway, null, null, reports: true);
        await CarryAsync();

        _a.Followers.Forget("gateway-1");
        await CarryAsync();

        Assert.Null(_b.Followers.Find("gateway-1"));
    }

    [Fact]
    public async Task Reports_are_counted_once_and_are_as_old_as_they_are()
    {
        await CarryAsync();
        var report = new TrafficReport
        {
            Reporter = "gateway-1",
            Session = Guid.NewGuid(),
            Sequence = 1,
            Period = TimeSpan.FromSeconds(1),
            Rows = [new("web", "orders", "orders-1", 10, 10, 1, LatencyHistogram.Empty)],
            InFlight = [new("orders", "orders-1", 4, 1)],
        };
        var relayed = 0;
        _b.Traffic.Reported += _ => relayed++;
        var at = _time.GetUtcNow();
        _a.Traffic.Accept(report);
        _a.Traffic.Accept(report);
        _time.Advance(TimeSpan.FromSeconds(2));
        await CarryAsync();

        var known = _b.Traffic.InFlight(Key, ["gateway-1"], DateTimeOffset.MinValue);
        Assert.Equal((4L, 1L), (known.Requests, known.LongLived));
        Assert.InRange(known.AsOf!.Value, at.AddMilliseconds(-1), at.AddMilliseconds(1));
        // What came through another console is not told on: it would go in circles.
        Assert.Equal(0, relayed);

        _time.Advance(TrafficStore.SilentAfter);
        Assert.Equal(["gateway-1"], _b.Traffic.InFlight(Key, ["gateway-1"], DateTimeOffset.MinValue).Unknown);
    }

    [Fact]
    public async Task Heartbeats_reach_the_console_that_looks_at_the_instance_with_their_age()
    {
        await CarryAsync();
        foreach (var side in new[] { _a, _b })
            side.Registry.Execute(new RegisterInstance(Key, new() { Address = "10.0.0.1", Port = 80 }), new("self", ActorKind.Service));
        Assert.True(_a.Heartbeats.Beat(Key, CheckOutcome.Passing, "old"));
        Assert.True(_a.Heartbeats.Beat(Key, CheckOutcome.Warning, "slow disk"));
        var at = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(1));
        await CarryAsync();

        var heard = new List<Heartbeat>();
        _b.Heartbeats.DrainTo((_, heartbeat) => heard.Add(heartbeat));
        var beat = Assert.Single(heard);
        Assert.Equal((CheckOutcome.Warning, "slow disk"), (beat.Outcome, beat.Output));
        Assert.InRange(_time.GetElapsedTime(at, beat.At).TotalMilliseconds, -1, 1);
    }

    [Fact]
    public async Task The_overlay_is_told_as_a_whole_and_so_is_its_end()
    {
        var state = new HealthState(HealthStatus.Unhealthy, _time.GetUtcNow(), "connection refused", 3);
        _a.Overlays.Own = new([new(Key, state, 7)], 0);
        await CarryAsync();
        Assert.Equal(new(Key, state, 7), Assert.Single(_b.Overlays.Words[_replica.Id].Transitions));

        _a.Overlays.Own = new([], 42);
        await CarryAsync();
        Assert.Equal((true, 42L), (_b.Overlays.Words[_replica.Id].Transitions.IsEmpty, _b.Overlays.Words[_replica.Id].DurableAt));
    }

    [Fact]
    public async Task The_latest_epochs_that_the_store_or_a_console_tells_of_are_known_before_what_is_told_under_them()
    {
        _a.Share.Set(Ownership.Of(new Dictionary<int, long> { [5] = 7 }, long.MaxValue));
        _a.Overlays.Own = new([new(Key, new(HealthStatus.Unhealthy, _time.GetUtcNow(), "refused", 3), 7)], 0);
        await CarryAsync();
        Assert.Equal((7L, 0L), (_b.Overlays.Epochs[5], _b.Overlays.Epochs[6]));
        Assert.True(_b.Overlays.KnewBeforeHearing);

        // One that is out of date makes nothing later known.
        _a.Share.Set(Ownership.Of(new Dictionary<int, long> { [5] = 6, [6] = 3 }, long.MaxValue));
        await CarryAsync();
        Assert.Equal((7L, 3L), (_b.Overlays.Epochs[5], _b.Overlays.Epochs[6]));

        // The store's word counts also where it is less, as after a restore.
        _b.Share.Read(new([], [new(5, null, 4, false), new(6, null, 9, false)]));
        _b.Intake.Expect([_replica]);
        Assert.Equal((6L, 9L), (_b.Overlays.Epochs[5], _b.Overlays.Epochs[6]));
    }

    [Fact]
    public async Task Who_is_there_and_not_heard_makes_silence_mean_nothing()
    {
        _b.Intake.Expect([_replica]);
        Assert.Equal(["http://a:5080"], _b.Followers.Unheard);
        Assert.True(_b.Heartbeats.IsPartial);

        await CarryAsync();
        Assert.Empty(_b.Followers.Unheard);
        Assert.False(_b.Heartbeats.IsPartial);

        _b.Intake.FallSilent(_replica.Id);
        Assert.Equal(["http://a:5080"], _b.Followers.Unheard);

        // Gone for good: its followers stay known as silent, but nobody waits to hear it.
        _b.Intake.Expect([]);
        Assert.Empty(_b.Followers.Unheard);
        Assert.False(_b.Heartbeats.IsPartial);
        Assert.Contains(_replica.Id, _b.Overlays.Forgotten);
    }

    [Fact]
    public async Task A_line_comes_every_second_though_nothing_is_new()
    {
        await CarryAsync();
        var next = _stream.NextAsync(CancellationToken.None).AsTask();
        for (var step = 0; step < 200 && !next.IsCompleted; step++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(10));
                return next.IsCompleted;
            },
            TimeSpan.FromSeconds(30), "the line comes", TestContext.Current.CancellationToken);
        Assert.Empty((await next).Followers);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    public void Only_the_secret_opens_the_stream(string? header)
    {
        var secret = Enumerable.Range(0, 32).Select(number => (byte)number).ToArray();

        Assert.False(ReplicaProtocol.IsTrusted(header, secret));
        Assert.False(ReplicaProtocol.IsTrusted(Convert.ToBase64String(secret), null));
        Assert.True(ReplicaProtocol.IsTrusted(Convert.ToBase64String(secret), secret));
    }

    /// <summary>The next line, from a's memory over bytes to b's.</summary>
    private async Task CarryAsync()
    {
        var next = _stream.NextAsync(CancellationToken.None).AsTask();
        await Eventually.TrueAsync(
            () =>
            {
                if (!next.IsCompleted)
                    _time.Advance(TimeSpan.Zero);
                return next.IsCompleted || Nudge();
            },
            TimeSpan.FromSeconds(30), "the next line", TestContext.Current.CancellationToken);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(await next, ReplicaJson.Default.ReplicaFrame);
        _b.Intake.Take(_replica, JsonSerializer.Deserialize(bytes, ReplicaJson.Default.ReplicaFrame)!);

        bool Nudge()
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            return false;
        }
    }

    private sealed class Side : IDisposable
    {
        public Side(FakeTimeProvider time)
        {
            Registry = new(time);
            Followers = new(time);
            Traffic = new(time);
            Heartbeats = new(Registry, time);
            Overlays = new();
            Share = new(time, Ownership.None);
            Leases = new(new NoStore(), Share, new(), time, NullLogger<LeaseKeeper>.Instance);
            Intake = new(Followers, Traffic, Heartbeats, Overlays, Share, time);
        }

        public InMemoryRegistry Registry { get; }

        public FollowerTable Followers { get; }

        public TrafficStore Traffic { get; }

        public Heartbeats Heartbeats { get; }

        public FakeOverlays Overlays { get; }

        public HealthShare Share { get; }

        public LeaseKeeper Leases { get; }

        public ReplicaIntake Intake { get; }

        public void Dispose() => Leases.Dispose();
    }

    private sealed class FakeOverlays : IHealthOverlays
    {
        private OverlayWord _own = OverlayWord.None;

        public event Action? OwnChanged;

        public Dictionary<Guid, OverlayWord> Words { get; } = [];

        public HashSet<Guid> Forgotten { get; } = [];

        public OverlayWord Own
        {
            get => _own;
            set
            {
                _own = value;
                OwnChanged?.Invoke();
            }
        }

        public ImmutableArray<long> Epochs { get; private set; }

        public bool KnewBeforeHearing { get; private set; }

        public void Hear(Guid console, OverlayWord word)
        {
            KnewBeforeHearing = !Epochs.IsDefault;
            Words[console] = word;
        }

        public void Know(ImmutableArray<long> epochs) => Epochs = epochs;

        public void Forget(Guid console) => Forgotten.Add(console);
    }

    private sealed class NoStore : ILeaseStore
    {
        public Task<LeaseRoll> RenewAsync(Replica replica, TimeSpan lease, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task TakeAsync(Replica replica, IReadOnlyCollection<int> shards, TimeSpan lease, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task GiveUpAsync(Replica replica, IReadOnlyCollection<int> shards, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task LeaveAsync(Replica replica, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<byte[]> ReadSecretAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
