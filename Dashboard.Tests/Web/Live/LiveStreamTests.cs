using CsCheck;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Core.Topology;
using Dashboard.Tests.Support;
using Dashboard.Web.Live;
using Dashboard.Web.Live.Frames;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dashboard.Tests.Web.Live;

public sealed class LiveStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly CountingProtocol _protocol = new();

    private DateTimeOffset Now => _time.GetUtcNow();

    [Fact]
    public void A_viewer_that_applies_every_delta_knows_what_a_full_frame_says() =>
        Gen.Select(Meshes.AnyCommand, Meshes.AnyTraffic, Gen.Bool).Array[1, 25].Sample(steps =>
        {
            var registry = new InMemoryRegistry(_time);
            var stream = new TopologyStream(new());
            _ = stream.PublishStateAsync(registry.Current, null, Now);
            var viewer = Connect(stream);
            var followed = new FollowedTopology();
            foreach (var (command, traffic, trafficFirst) in steps)
            {
                registry.Apply(command);
                if (trafficFirst)
                {
                    _ = stream.PublishTrafficAsync(traffic, null, Now);
                    _ = stream.PublishStateAsync(registry.Current, null, Now);
                }
                else
                {
                    _ = stream.PublishStateAsync(registry.Current, null, Now);
                    _ = stream.PublishTrafficAsync(traffic, null, Now);
                }

                Assert.All(FrameReader.Read(viewer.ReadBytes()), frame => Assert.True(followed.Apply((TopologyFrame)frame)));
            }

            var fresh = new FollowedTopology();
            Assert.All(FrameReader.Read(Connect(stream).ReadBytes()), frame => Assert.True(fresh.Apply((TopologyFrame)frame)));
            Assert.Equal(fresh.Sequence, followed.Sequence);
            Assert.Equal(fresh.ToString(), followed.ToString());
        }, iter: 200);

    [Fact]
    public async Task A_frame_is_encoded_once_and_every_viewer_gets_the_same_bytes()
    {
        var (registry, stream) = Mesh();
        var viewers = Enumerable.Range(0, 50).Select(_ => Connect(stream)).ToArray();

        registry.Apply(new DeleteService("orders") { Override = true, Reason = "test" });
        await stream.PublishStateAsync(registry.Current, null, Now);
        await stream.PublishTrafficAsync(TrafficFrame.Empty, null, Now);

        var received = viewers.Select(viewer => Convert.ToHexString(viewer.ReadBytes())).Distinct().ToArray();
        Assert.Equal([FrameKind.Full, FrameKind.State, FrameKind.Traffic], FrameReader.Read(Convert.FromHexString(Assert.Single(received))).Select(frame => (FrameKind)((TopologyFrame)frame).Kind));
        Assert.Equal([1, 1, 1], _protocol.Encodings);
    }

    [Fact]
    public async Task Between_32_viewers_the_connections_get_their_turn()
    {
        var (_, stream) = Mesh();
        var viewers = Enumerable.Range(0, 100).Select(_ => Connect(stream)).ToArray();
        Assert.All(viewers, viewer => Assert.NotEmpty(viewer.ReadBytes()));
        var turns = new Turns();

        var published = turns.Begin(() => stream.PublishTrafficAsync(Traffic(1), null, Now));
        var told = new List<int> { Told() };
        while (turns.TakeOne())
            told.Add(told[^1] + Told());
        await published;

        Assert.Equal([31, 63, 95, 100], told);

        int Told() => viewers.Count(viewer => viewer.ReadBytes().Length > 0);
    }

    [Fact]
    public async Task A_full_frame_that_overtakes_a_delta_is_not_followed_by_it()
    {
        var (_, stream) = Mesh();
        var viewers = Enumerable.Range(0, 50).Select(_ => Connect(stream)).ToArray();
        Assert.All(viewers, viewer => Assert.NotEmpty(viewer.ReadBytes()));
        var turns = new Turns();
        var published = turns.Begin(() => stream.PublishTrafficAsync(Traffic(1), null, Now));

        // The last ones are not told yet.
        Assert.True(viewers[^1].Viewer.Subscribe(stream));
        viewers[^1].Viewer.SendPending();
        Assert.Equal((byte)FrameKind.Full, Assert.IsType<TopologyFrame>(Assert.Single(FrameReader.Read(viewers[^1].ReadBytes()))).Kind);
        while (turns.TakeOne())
        {
        }

        await published;
        Assert.Empty(viewers[^1].ReadBytes());
        Assert.NotEmpty(viewers[^2].ReadBytes());
    }

    [Fact]
    public async Task A_viewer_that_never_reads_holds_up_nobody_holds_one_frame_and_is_ended_after_ten_seconds()
    {
        var (_, stream) = Mesh();
        var stuck = Connect(stream);
        var reader = Connect(stream);
        reader.ReadBytes();

        for (var i = 0; i < 200; i++)
        {
            await stream.PublishTrafficAsync(Traffic(i), null, Now);
            var frame = Assert.IsType<TopologyFrame>(Assert.Single(FrameReader.Read(reader.ReadBytes())));
            Assert.Equal((byte)FrameKind.Traffic, frame.Kind);
        }

        // It took what its buffer holds; the rest was never queued for it.
        var waiting = FrameReader.Read(stuck.ReadBytes());
        Assert.InRange(waiting.Count, 1, 40);
        Assert.False(reader.Viewer.AbortIfStuck());
        await EndAsync(Connect(stream), stream);
    }

    [Fact]
    public async Task A_viewer_that_reads_again_gets_one_full_frame_instead_of_what_it_missed()
    {
        var (_, stream) = Mesh();
        var slow = Connect(stream);
        for (var i = 0; i < 200; i++)
        {
            await stream.PublishTrafficAsync(Traffic(i), null, Now);
        }

        var followed = new FollowedTopology();
        var frames = new List<TopologyFrame>();
        await Eventually.TrueAsync(
            () =>
            {
                frames.AddRange(FrameReader.Read(slow.ReadBytes()).Cast<TopologyFrame>());
                return frames.Count > 0 && frames[^1].Sequence == 200;
            },
            Patience, "the viewer is at the newest frame", TestContext.Current.CancellationToken);

        Assert.All(frames, frame => Assert.True(followed.Apply(frame)));
        Assert.Equal((byte)FrameKind.Full, frames[^1].Kind);
        await stream.PublishTrafficAsync(Traffic(201), null, Now);
        Assert.True(followed.Apply(Assert.IsType<TopologyFrame>(Assert.Single(FrameReader.Read(slow.ReadBytes())))));
    }

    [Fact]
    public void A_viewer_that_subscribes_again_gets_a_full_frame()
    {
        var (_, stream) = Mesh();
        var viewer = Connect(stream);
        _ = stream.PublishTrafficAsync(Traffic(1), null, Now);
        viewer.ReadBytes();

        Assert.True(viewer.Viewer.Subscribe(stream));
        viewer.Viewer.SendPending();

        var frame = Assert.IsType<TopologyFrame>(Assert.Single(FrameReader.Read(viewer.ReadBytes())));
        Assert.Equal(((byte)FrameKind.Full, 1L), (frame.Kind, frame.Sequence));
    }

    [Fact]
    public void A_viewer_that_left_gets_nothing_and_the_stream_forgets_it()
    {
        var (_, stream) = Mesh();
        var viewer = Connect(stream);
        viewer.ReadBytes();

        viewer.Viewer.Close();
        _ = stream.PublishTrafficAsync(Traffic(1), null, Now);

        Assert.Empty(viewer.ReadBytes());
        Assert.False(stream.IsViewed);
        Assert.False(viewer.Viewer.Subscribe(stream));
    }

    [Fact]
    public void A_frame_tells_since_when_the_registry_is_away()
    {
        var (_, stream) = Mesh();
        var viewer = Connect(stream);
        viewer.ReadBytes();

        _ = stream.PublishTrafficAsync(TrafficFrame.Empty, Now, Now);

        var frame = Assert.IsType<TopologyFrame>(Assert.Single(FrameReader.Read(viewer.ReadBytes())));
        Assert.Equal(Now.ToUnixTimeMilliseconds(), frame.StaleSince);
    }

    [Fact]
    public void In_a_large_mesh_a_delta_is_a_tenth_of_a_full_frame_and_a_newcomer_knows_what_the_others_know()
    {
        var (registry, mesh, traffic) = (new InMemoryRegistry(_time), new LargeMesh(500, 4, 2500), new TrafficStore(_time));
        mesh.Fill(registry);
        var stream = new TopologyStream(new());
        _ = stream.PublishStateAsync(registry.Current, null, Now);
        Publish();
        var viewer = ConnectRoomy(stream);
        var followed = new FollowedTopology();
        var full = Take();

        for (var second = 0; second < 5; second++)
        {
            mesh.Change(registry, 40);
            _ = stream.PublishStateAsync(registry.Current, null, Now);
            Assert.InRange(Take(), 1, full / 10);
            Publish();
            // The first second's traffic fills the window of the rates: it starts at many calls at once.
            Assert.InRange(Take(), 1, second == 0 ? full : full / 10);
        }

        var fresh = new FollowedTopology();
        Assert.All(FrameReader.Read(ConnectRoomy(stream).ReadBytes()), frame => Assert.True(fresh.Apply((TopologyFrame)frame)));
        Assert.Equal(fresh.ToString(), followed.ToString());

        void Publish()
        {
            for (var second = 0; second < 6; second++)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                traffic.Accept(mesh.NextReport());
            }

            _ = stream.PublishTrafficAsync(traffic.PublishFrame(), null, Now);
        }

        int Take()
        {
            var bytes = viewer.ReadBytes();
            Assert.All(FrameReader.Read(bytes), frame => Assert.True(followed.Apply((TopologyFrame)frame)));
            return bytes.Length;
        }
    }

    private FakeConnection ConnectRoomy(TopologyStream stream)
    {
        var connection = new FakeConnection(_time, _protocol, room: 8 << 20);
        Assert.True(connection.Viewer.Subscribe(stream));
        connection.Viewer.SendPending();
        return connection;
    }

    private async Task EndAsync(FakeConnection stuck, TopologyStream stream)
    {
        for (var i = 0; i < 200; i++)
        {
            await stream.PublishTrafficAsync(Traffic(i), null, Now);
        }

        _time.Advance(LiveViewer.StuckAfter - TimeSpan.FromMilliseconds(1));
        Assert.False(stuck.Viewer.AbortIfStuck());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(stuck.Viewer.AbortIfStuck());
        await Eventually.TrueAsync(() => stuck.Hub.ConnectionAborted.IsCancellationRequested, Patience, "the connection is aborted", TestContext.Current.CancellationToken);
    }

    private FakeConnection Connect(TopologyStream stream)
    {
        var connection = new FakeConnection(_time, _protocol);
        Assert.True(connection.Viewer.Subscribe(stream));
        connection.Viewer.SendPending();
        return connection;
    }

    private (InMemoryRegistry Registry, TopologyStream Stream) Mesh()
    {
        var registry = new InMemoryRegistry(_time);
        registry.Apply(new RegisterInstance(new("cart", "i-0"), new() { Address = "10.0.0.1", Port = 8000 }));
        registry.Apply(new RegisterInstance(new("orders", "i-0"), new() { Address = "10.0.0.1", Port = 8001 }));
        var stream = new TopologyStream(new());
        _ = stream.PublishStateAsync(registry.Current, null, Now);
        return (registry, stream);
    }

    private static TrafficFrame Traffic(int requests) => new()
    {
        Services = new Dictionary<string, ServiceTraffic> { ["cart"] = new("cart", Meshes.Figures(requests), 0, 0, true, null) },
    };

    /// <summary>Keeps what gives way until the test takes it up.</summary>
    private sealed class Turns : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Go, object? State)> _waiting = new();

        public override void Post(SendOrPostCallback d, object? state) => _waiting.Enqueue((d, state));

        public Task Begin(Func<Task> begin)
        {
            var task = Task.CompletedTask;
            Within(() => task = begin());
            return task;
        }

        public bool TakeOne()
        {
            if (!_waiting.TryDequeue(out var next))
                return false;

            Within(() => next.Go(next.State));
            return true;
        }

        private void Within(Action go)
        {
            var outside = Current;
            SetSynchronizationContext(this);
            try
            {
                go();
            }
            finally
            {
                SetSynchronizationContext(outside);
            }
        }
    }
}
