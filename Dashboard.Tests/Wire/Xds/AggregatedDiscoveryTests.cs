using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Xds;
using Dashboard.Tests.Core.Discovery.Xds;
using Dashboard.Tests.Support;
using Envoy.Service.Discovery.V3;
using Grpc.Core;

namespace Dashboard.Tests.Wire.Xds;

public sealed class AggregatedDiscoveryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_delta_client_follows_refuses_and_comes_back_with_what_it_has()
    {
        await using var server = await XdsServer.StartAsync();
        server.Register("cart", ("10.0.0.1", 80, 100));
        server.Register("orders", ("10.0.0.2", 80, 100), ("10.0.0.3", 80, 50));
        using var channel = server.Connect();
        await using (var client = new AdsClient(channel, "envoy-1"))
        {
            await client.SubscribeAsync(XdsType.Cluster);
            Assert.Equal("CDS cart orders", DeltaClient.Describe(await client.TakeAsync(Cancelled)));
            await client.SubscribeAsync(XdsType.Endpoints, "cart", "orders", "nobody");
            Assert.Equal("EDS cart orders -nobody", DeltaClient.Describe(await client.TakeAsync(Cancelled)));
            await AcknowledgedAsync(server, "envoy-1", server.Registry.Current.Revision);
            var follower = server.Followers.Find("envoy-1")!;
            Assert.Equal((FollowerKind.Xds, "127.0.0.1", true), (follower.Kind, follower.Address, follower.Connected));
            Assert.Equal(["cart", "nobody", "orders"], follower.Services!.Order(StringComparer.Ordinal));

            server.Weigh("orders", "orders-1", 10);
            var response = await client.ReadAsync(Cancelled);
            Assert.Equal("EDS orders", DeltaClient.Describe(response));
            Assert.Equal(server.Registry.Current.Revision - 1, server.Followers.Find("envoy-1")!.Acknowledged);
            await client.NackAsync(response, "too light");
            await Eventually.TrueAsync(
                () => server.Followers.Find("envoy-1") is { LastRefusal: not null } known && known.AcknowledgedOf("cart", server.Registry.Current.Generation) == server.Registry.Current.Revision,
                Patience,
                "the refusal is known, and that the rest was taken",
                Cancelled);
            follower = server.Followers.Find("envoy-1")!;
            Assert.Contains("orders", follower.LastRefusal!, StringComparison.Ordinal);
            Assert.Contains("too light", follower.LastRefusal!, StringComparison.Ordinal);
            Assert.Equal(server.Registry.Current.Revision, follower.RefusedRevision);
            Assert.Equal(server.Registry.Current.Revision - 1, follower.AcknowledgedOf("orders", server.Registry.Current.Generation));

            await client.UnsubscribeAsync(XdsType.Endpoints, "cart");
            await Eventually.TrueAsync(() => !server.Followers.Find("envoy-1")!.Follows("cart"), Patience, "it follows cart no more", Cancelled);
            server.Weigh("cart", "cart-1", 10);
            server.Weigh("orders", "orders-1", 20);
            Assert.Equal("EDS orders", DeltaClient.Describe(await client.TakeAsync(Cancelled)));
            await AcknowledgedAsync(server, "envoy-1", server.Registry.Current.Revision);
            Assert.Null(server.Followers.Find("envoy-1")!.LastRefusal);
        }

        await Eventually.TrueAsync(() => !server.Followers.Find("envoy-1")!.Connected, Patience, "the end is noticed", Cancelled);
        var versions = new Dictionary<string, string>();
        await using (var another = new AdsClient(channel, "envoy-2"))
        {
            await another.SubscribeAsync(XdsType.Endpoints, "cart", "orders");
            foreach (var resource in (await another.TakeAsync(Cancelled)).Resources)
                versions[resource.Name] = resource.Version;
        }

        server.Weigh("cart", "cart-1", 11);
        await using var again = new AdsClient(channel, "envoy-1");
        await again.ReconnectAsync(XdsType.Endpoints, versions, "cart", "orders");
        Assert.Equal("EDS cart", DeltaClient.Describe(await again.TakeAsync(Cancelled)));
        await AcknowledgedAsync(server, "envoy-1", server.Registry.Current.Revision);
    }

    [Fact]
    public async Task A_revision_that_changes_nothing_for_a_client_is_acknowledged_for_it()
    {
        await using var server = await XdsServer.StartAsync();
        server.Register("orders", ("10.0.0.2", 80, 100));
        using var channel = server.Connect();
        await using var client = new AdsClient(channel, "envoy-1");
        await client.SubscribeAsync(XdsType.Endpoints, "orders");
        await client.TakeAsync(Cancelled);

        server.Register("cart", ("10.0.0.1", 80, 100));

        await AcknowledgedAsync(server, "envoy-1", server.Registry.Current.Revision);
    }

    [Fact]
    public async Task Two_with_one_node_id_are_a_follower_that_has_taken_what_both_have_taken()
    {
        await using var server = await XdsServer.StartAsync();
        server.Register("cart", ("10.0.0.1", 80, 100));
        server.Register("orders", ("10.0.0.2", 80, 100));
        using var channel = server.Connect();
        await using var one = new AdsClient(channel, "envoy-1");
        await one.SubscribeAsync(XdsType.Endpoints, "orders");
        await one.TakeAsync(Cancelled);
        await AcknowledgedAsync(server, "envoy-1", server.Registry.Current.Revision);
        await using (var two = new AdsClient(channel, "envoy-1"))
        {
            await two.SubscribeAsync(XdsType.Endpoints, "cart", "orders");
            await two.TakeAsync(Cancelled);
            await Eventually.TrueAsync(() => server.Followers.Find("envoy-1")!.Follows("cart"), Patience, "what either follows is followed", Cancelled);
            var before = server.Registry.Current.Revision;

            server.Weigh("orders", "orders-1", 10);
            await one.TakeAsync(Cancelled);
            var response = await two.ReadAsync(Cancelled);
            // The first one's acknowledgement is in as soon as it is answered again.
            await one.SubscribeAsync(XdsType.Endpoints, "nobody");
            await one.TakeAsync(Cancelled);
            Assert.Equal(before, server.Followers.Find("envoy-1")!.Acknowledged);
            await two.AckAsync(response);
            await AcknowledgedAsync(server, "envoy-1", server.Registry.Current.Revision);

            server.Weigh("orders", "orders-1", 20);
            await one.TakeAsync(Cancelled);
            await two.NackAsync(await two.ReadAsync(Cancelled), "too light");
            await Eventually.TrueAsync(() => server.Followers.Find("envoy-1") is { LastRefusal: not null }, Patience, "the refusal of one is known", Cancelled);
            Assert.Equal(server.Registry.Current.Revision - 1, server.Followers.Find("envoy-1")!.AcknowledgedOf("orders", server.Registry.Current.Generation));
        }

        // Only the one is left that has taken it.
        await AcknowledgedAsync(server, "envoy-1", server.Registry.Current.Revision);
        Assert.False(server.Followers.Find("envoy-1")!.Follows("cart"));
        Assert.True(server.Followers.Find("envoy-1")!.Connected);
    }

    [Fact]
    public async Task A_client_that_does_not_read_costs_the_others_nothing()
    {
        await using var server = await XdsServer.StartAsync();
        server.Register("orders", [.. Enumerable.Range(1, 250).Select(i => ("10.0.0." + i, 80, 100))]);
        using var channel = server.Connect();
        using var other = server.Connect();
        // It takes nothing: its window fills, and what changes meanwhile is only marked.
        await using var stuck = new AdsClient(channel, "stuck");
        await stuck.SubscribeAsync(XdsType.Endpoints, "orders");
        await using var client = new AdsClient(other, "envoy-1");
        await client.SubscribeAsync(XdsType.Endpoints, "orders");
        await client.TakeAsync(Cancelled);

        for (var weight = 1; weight <= 50; weight++)
        {
            server.Weigh("orders", "orders-1", weight);
            Assert.Equal("EDS orders", DeltaClient.Describe(await client.TakeAsync(Cancelled)));
        }

        // Its first response, and then the newest: at most the one before that in between.
        var responses = 0;
        uint? last;
        do
        {
            var assignment = (await stuck.TakeAsync(Cancelled)).Resources[0].Resource_.Unpack<Envoy.Config.Endpoint.V3.ClusterLoadAssignment>();
            last = assignment.Endpoints[0].LbEndpoints.Single(one => one.Endpoint.Address.SocketAddress.Address == "10.0.0.1").LoadBalancingWeight;
            responses++;
        }
        while (last != 50);
        Assert.InRange(responses, 2, 3);
    }

    [Fact]
    public async Task From_beyond_this_host_a_token_is_wanted()
    {
        var gate = new Dashboard.Web.Discovery.Xds.XdsGate(token => token == XdsServer.Token);
        Assert.Equal(StatusCode.Unauthenticated, Assert.Throws<RpcException>(() => gate.Admit(From("10.0.0.9", "10.0.0.1"), Node())).StatusCode);
        // A loopback address that came in through a port open to others is no proof.
        Assert.Throws<RpcException>(() => gate.Admit(From("10.0.0.9", "127.0.0.1"), Node()));
        Assert.Throws<RpcException>(() => gate.Admit(From("10.0.0.9", "10.0.0.1", "Bearer wrong"), Node("wrong")));
        Assert.Equal(("n", "10.0.0.9"), gate.Admit(From("10.0.0.9", "10.0.0.1", $"Bearer {XdsServer.Token}"), Node()));
        Assert.Equal(("n", "10.0.0.9"), gate.Admit(From("10.0.0.9", "10.0.0.1"), Node(XdsServer.Token)));
        Assert.Equal(("n", "127.0.0.1"), gate.Admit(From("127.0.0.1", "127.0.0.1"), Node()));
        Assert.Equal(StatusCode.InvalidArgument, Assert.Throws<RpcException>(() => gate.Admit(From("127.0.0.1", "127.0.0.1"), new())).StatusCode);

        // The first message is judged, over the network, too.
        await using var server = await XdsServer.StartAsync();
        using var channel = server.Connect();
        using var call = new AggregatedDiscoveryService.AggregatedDiscoveryServiceClient(channel).DeltaAggregatedResources(cancellationToken: Cancelled);
        await call.RequestStream.WriteAsync(new() { TypeUrl = XdsTypes.Url(XdsType.Cluster) }, Cancelled);
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Cancelled))).StatusCode);
    }

    private static Envoy.Config.Core.V3.Node Node(string? token = null) =>
        token is null ? new() { Id = "n" } : new() { Id = "n", Metadata = new() { Fields = { ["token"] = Google.Protobuf.WellKnownTypes.Value.ForString(token) } } };

    private static Microsoft.AspNetCore.Http.HttpContext From(string remote, string local, string? authorization = null)
    {
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        http.Connection.RemoteIpAddress = System.Net.IPAddress.Parse(remote);
        http.Connection.LocalIpAddress = System.Net.IPAddress.Parse(local);
        http.Request.Headers.Authorization = authorization;
        return http;
    }

    private static Task AcknowledgedAsync(XdsServer server, string id, long revision) =>
        Eventually.TrueAsync(() => server.Followers.Find(id)?.Acknowledged >= revision, Patience, $"{id} has acknowledged {revision}", Cancelled);
}
