using Dashboard.Core.Discovery.Xds;
using Envoy.Config.Cluster.V3;
using Envoy.Config.Endpoint.V3;

namespace Dashboard.Tests.Core.Discovery.Xds;

public sealed class StateOfTheWorldStreamTests
{
    private readonly XdsWorld _world = new(new EnvoyDialect(new()), XdsWorld.Service("cart", 100), XdsWorld.Service("orders", 100, 50));
    private readonly WorldClient _client;

    public StateOfTheWorldStreamTests() => _client = new(_world.Connect(new StateOfTheWorldStream()));

    [Fact]
    public void An_Envoy_that_starts_gets_what_is_pointed_at_before_what_points()
    {
        _client.Ask(XdsType.Listener);
        _client.Ask(XdsType.Cluster);
        Assert.Equal(["CDS cart orders", "LDS egress"], _client.Settle());

        _client.Ask(XdsType.Route, "egress");
        _client.Ask(XdsType.Endpoints, "cart", "orders");

        Assert.Equal(["EDS cart orders", "RDS egress"], _client.Settle());
        Assert.True(_client.Stream.IsCurrent);
        Assert.Equal(_world.View.Revision, _client.Stream.Accepted(out var byService));
        Assert.Null(byService);
    }

    [Fact]
    public void A_changed_weight_sends_that_assignment_and_no_CDS_bytes()
    {
        Start();

        _world.Put(XdsWorld.Service("orders", 100, 25));

        Assert.Equal(["EDS orders"], _client.Settle());
    }

    [Fact]
    public void Changes_while_an_answer_is_awaited_are_sent_once_as_they_are_then()
    {
        Start();
        _world.Put(XdsWorld.Service("orders", 100, 40));
        var response = _client.Read()!;

        _world.Put(XdsWorld.Service("orders", 100, 30), XdsWorld.Service("cart", 90));
        _world.Put(XdsWorld.Service("orders", 100, 20));
        Assert.Null(_client.Read());
        _client.Ack(response);

        var next = _client.Read()!;
        Assert.Equal("EDS cart orders", WorldClient.Describe(next));
        Assert.Equal(20u, next.Resources.Select(any => any.Unpack<ClusterLoadAssignment>()).Single(one => one.ClusterName == "orders").Endpoints[1].LbEndpoints[0].LoadBalancingWeight);
    }

    [Fact]
    public void A_change_that_was_taken_back_meanwhile_sends_nothing_and_is_accepted()
    {
        Start();
        _world.Put(XdsWorld.Service("orders", 1, 1));
        _world.Put(XdsWorld.Service("orders", 100, 50));

        Assert.Empty(_client.Settle());
        Assert.Equal(3, _client.Stream.Accepted(out _));
    }

    [Fact]
    public void A_new_service_goes_before_the_route_to_it_and_a_removed_one_after()
    {
        Start();

        _world.Put(XdsWorld.Service("pay", 100));
        Assert.Equal(["CDS cart orders pay", "RDS egress"], _client.Settle());
        _client.Ask(XdsType.Endpoints, "cart", "orders", "pay");
        Assert.Equal(["EDS pay"], _client.Settle());

        _world.Remove("cart");
        Assert.Equal(["RDS egress", "CDS orders pay"], _client.Settle());

        // One comes as another goes: what is still routed to stays until the route is gone.
        _world.Put(XdsWorld.Service("web", 100));
        _world.Remove("orders");
        Assert.Equal(["CDS orders pay web", "RDS egress", "CDS pay web"], _client.Settle());
    }

    [Fact]
    public void A_stale_nonce_is_ignored()
    {
        Start();
        _world.Put(XdsWorld.Service("orders", 100, 40));
        var first = _client.Read()!;
        _client.Ack(first);
        _world.Put(XdsWorld.Service("orders", 100, 30));
        var second = _client.Read()!;

        _client.Stream.Receive(new() { TypeUrl = first.TypeUrl, ResourceNames = { "cart", "orders" }, ResponseNonce = first.Nonce, ErrorDetail = new() { Message = "late" } });

        Assert.Null(_client.Stream.Refusal);
        Assert.False(_client.Stream.IsCurrent);
        _client.Ack(second);
        Assert.True(_client.Stream.IsCurrent);
    }

    [Fact]
    public void Names_that_do_not_exist_are_left_out_and_come_when_they_do()
    {
        _client.Ask(XdsType.Endpoints, "orders", "nobody");
        Assert.Equal(["EDS orders"], _client.Settle());
        Assert.Equal(1, _client.Stream.Accepted(out _));

        _world.Put(XdsWorld.Service("nobody", 1));

        Assert.Equal(["EDS nobody"], _client.Settle());
    }

    [Fact]
    public void A_name_asked_for_again_is_sent_again_and_an_unsubscribed_one_no_more()
    {
        Start();
        _client.Ask(XdsType.Endpoints, "cart");
        _world.Put(XdsWorld.Service("orders", 1, 2));
        Assert.Empty(_client.Settle());
        Assert.Equal(["cart"], _client.Stream.Services);

        _client.Ask(XdsType.Endpoints, "cart", "orders");

        Assert.Equal(["EDS orders"], _client.Settle());
    }

    [Fact]
    public void An_empty_registry_is_an_answer_and_one_that_was_not_loaded_is_none()
    {
        var empty = new WorldClient(new XdsWorld(new EnvoyDialect(new() { Egress = null })).Connect(new StateOfTheWorldStream()));
        empty.Ask(XdsType.Cluster);
        empty.Ask(XdsType.Listener);
        Assert.Equal(["CDS", "LDS"], empty.Settle());

        var early = new WorldClient(new());
        early.Ask(XdsType.Cluster);
        Assert.Null(early.Read());
        early.Stream.Offer(_world.View, null);
        Assert.Equal(["CDS cart orders"], early.Settle());
    }

    [Fact]
    public void A_refused_cluster_keeps_its_last_good_version_while_others_go_on()
    {
        Start();
        var good = (Cluster)ClusterOf("orders");
        _world.Put(XdsWorld.Service("orders", 100, 50) with { Policy = Dashboard.Core.Registry.BalancingPolicy.Random }, XdsWorld.Service("cart", 100) with { Protocol = Dashboard.Core.Registry.ServiceProtocol.Grpc });
        var response = _client.Read()!;

        _client.Nack(response, "Error adding/updating cluster(s) orders: not today");

        Assert.Contains("CDS orders at version 2: Error adding", _client.Stream.Refusal!.Reason, StringComparison.Ordinal);
        // cart was in bad company only: it is sent again, beside the orders that the client has.
        var again = _client.Read()!;
        Assert.Equal("CDS cart orders", WorldClient.Describe(again));
        Assert.Equal(good, again.Resources.Select(any => any.Unpack<Cluster>()).Single(one => one.Name == "orders"));
        _client.Ack(again);
        _client.Settle();
        Assert.Equal(1, _client.Stream.Accepted(out var byService));
        Assert.Equal((1, 2), (byService!["orders"], byService["cart"]));

        _world.Put(XdsWorld.Service("cart", 5));
        Assert.Contains("EDS cart", _client.Settle());
        Assert.NotNull(_client.Stream.Refusal);

        _world.Put(XdsWorld.Service("orders", 100, 50) with { Policy = Dashboard.Core.Registry.BalancingPolicy.LeastConnections });
        Assert.Contains("CDS cart orders", _client.Settle());
        Assert.Null(_client.Stream.Refusal);
        Assert.Equal(_world.View.Revision, _client.Stream.Accepted(out byService));
        Assert.Null(byService);
    }

    [Fact]
    public void A_refusal_that_names_nothing_refuses_all_that_was_new_and_is_not_repeated()
    {
        Start();
        _world.Put(XdsWorld.Service("orders", 1), XdsWorld.Service("cart", 1));
        _client.Nack(_client.Read()!, "no");

        Assert.Empty(_client.Settle());
        Assert.Equal(1, _client.Stream.Accepted(out _));

        // Taken back: the client has it already.
        _world.Put(XdsWorld.Service("orders", 100, 50), XdsWorld.Service("cart", 100));
        Assert.Empty(_client.Settle());
        Assert.Null(_client.Stream.Refusal);
        Assert.True(_client.Stream.IsCurrent);
    }

    [Fact]
    public void A_cluster_that_changes_is_followed_by_its_instances_for_which_Envoy_waits()
    {
        Start();

        _world.Put(XdsWorld.Service("orders", 100, 50) with { Policy = Dashboard.Core.Registry.BalancingPolicy.Random });

        Assert.Equal(["CDS cart orders", "EDS orders"], _client.Settle());
    }

    [Fact]
    public void A_revision_that_changes_nothing_is_accepted_without_a_response()
    {
        Start();
        _world.Tick();
        Assert.Empty(_client.Settle());
        Assert.Equal(2, _client.Stream.Accepted(out _));
    }

    [Fact]
    public void Everything_by_a_star_and_types_that_are_not_served()
    {
        _client.Stream.Receive(new() { TypeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret", ResourceNames = { "a" } });
        Assert.Null(_client.Read());
        _client.Ask(XdsType.Endpoints, "*");
        Assert.Equal(["EDS cart orders"], _client.Settle());
        _world.Put(XdsWorld.Service("pay", 1));
        Assert.Equal(["EDS pay"], _client.Settle());
    }

    [Fact]
    public void More_names_than_a_stream_may_hold_end_it() =>
        Assert.Throws<XdsLimitException>(() => _client.Ask(XdsType.Endpoints, [.. Enumerable.Range(0, XdsStream.MaximumNames + 1).Select(i => $"s{i}")]));

    private void Start()
    {
        _client.Ask(XdsType.Cluster);
        _client.Ask(XdsType.Endpoints, "cart", "orders");
        _client.Ask(XdsType.Listener);
        _client.Ask(XdsType.Route, "egress");
        _client.Settle();
        Assert.True(_client.Stream.IsCurrent);
    }

    private Google.Protobuf.IMessage ClusterOf(string name) => _world.View.Find(XdsType.Cluster, name)!.Any.Unpack<Cluster>();
}
