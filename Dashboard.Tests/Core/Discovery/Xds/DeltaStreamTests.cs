using Dashboard.Core.Discovery.Xds;
using Google.Protobuf;

namespace Dashboard.Tests.Core.Discovery.Xds;

public sealed class DeltaStreamTests
{
    private readonly XdsWorld _world = new(new EnvoyDialect(new()), XdsWorld.Service("cart", 100), XdsWorld.Service("orders", 100, 50));
    private readonly DeltaClient _client;

    public DeltaStreamTests() => _client = new(_world.Connect(new DeltaStream()));

    [Fact]
    public void Subscriptions_bring_what_is_there_and_name_what_is_not()
    {
        _client.Subscribe(XdsType.Cluster);
        _client.Subscribe(XdsType.Endpoints, "orders", "nobody");

        Assert.Equal(["CDS cart orders", "EDS orders -nobody"], _client.Settle());
        Assert.True(_client.Stream.IsCurrent);
    }

    [Fact]
    public void Only_the_changed_service_is_sent()
    {
        Start();
        _world.Put(XdsWorld.Service("orders", 100, 25));
        Assert.Equal(["EDS orders"], _client.Settle());
        Assert.Equal(2, _client.Stream.Accepted(out _));
    }

    [Fact]
    public void What_was_unsubscribed_is_sent_no_more_and_again_when_it_is_wanted_again()
    {
        Start();
        _client.Unsubscribe(XdsType.Endpoints, "orders");
        _world.Put(XdsWorld.Service("orders", 1));
        Assert.Empty(_client.Settle());

        _client.Subscribe(XdsType.Endpoints, "orders");
        Assert.Equal(["EDS orders"], _client.Settle());

        // Asked for although it is held: the client may have lost it.
        _client.Subscribe(XdsType.Endpoints, "orders");
        Assert.Equal(["EDS orders"], _client.Settle());
    }

    [Fact]
    public void A_refused_version_is_not_sent_again_and_the_next_one_is()
    {
        Start();
        _world.Put(XdsWorld.Service("orders", 100, 25));
        _client.Nack(_client.Read()!, "malformed");
        Assert.Empty(_client.Settle());
        Assert.Equal("EDS orders at version 2: malformed", _client.Stream.Refusal!.Reason);
        Assert.Equal(1, _client.Stream.Accepted(out var byService));
        Assert.Equal((2, 1), (byService!["cart"], byService["orders"]));

        _world.Put(XdsWorld.Service("cart", 7));
        Assert.Equal(["EDS cart"], _client.Settle());

        _world.Put(XdsWorld.Service("orders", 100, 24));
        Assert.Equal(["EDS orders"], _client.Settle());
        Assert.Null(_client.Stream.Refusal);
        Assert.Equal(4, _client.Stream.Accepted(out _));
    }

    [Fact]
    public void A_stale_nonce_answers_nothing_but_its_subscriptions_count()
    {
        Start();
        _world.Put(XdsWorld.Service("orders", 100, 25));
        var response = _client.Read()!;

        _client.Stream.Receive(new() { TypeUrl = response.TypeUrl, ResponseNonce = "from another life", ErrorDetail = new() { Message = "no" }, ResourceNamesUnsubscribe = { "cart" } });

        Assert.Null(_client.Stream.Refusal);
        Assert.False(_client.Stream.IsCurrent);
        Assert.Equal(["orders"], _client.Stream.Services);
        _client.Ack(response);
        Assert.True(_client.Stream.IsCurrent);
    }

    [Fact]
    public void Who_reconnects_with_what_it_has_is_sent_only_what_differs_and_told_what_is_gone()
    {
        var versions = Versions(XdsType.Endpoints);
        var clusters = Versions(XdsType.Cluster);
        _world.Put(XdsWorld.Service("orders", 100, 25));
        _world.Remove("cart");
        var again = new DeltaClient(_world.Connect(new DeltaStream()));

        again.Reconnect(XdsType.Cluster, clusters);
        again.Reconnect(XdsType.Endpoints, versions, "cart", "orders");

        Assert.Equal(["CDS -cart", "EDS orders -cart"], again.Settle());
    }

    [Fact]
    public void Who_reconnects_with_everything_is_sent_nothing_and_has_accepted_it()
    {
        var again = new DeltaClient(_world.Connect(new DeltaStream()));
        again.Reconnect(XdsType.Cluster, Versions(XdsType.Cluster));
        again.Reconnect(XdsType.Endpoints, Versions(XdsType.Endpoints), "cart", "orders");

        Assert.Empty(again.Settle());
        Assert.Equal(1, again.Stream.Accepted(out var byService));
        Assert.Null(byService);
    }

    [Fact]
    public void A_removed_service_leaves_the_routes_before_its_cluster_goes()
    {
        Start();
        _client.Subscribe(XdsType.Listener);
        _client.Subscribe(XdsType.Route, "egress");
        _client.Settle();

        _world.Remove("cart");

        Assert.Equal(["RDS egress", "CDS -cart", "EDS -cart"], _client.Settle());
    }

    [Fact]
    public void Versions_are_of_the_bytes_and_the_same_after_a_restart()
    {
        var other = new XdsWorld(new EnvoyDialect(new()), XdsWorld.Service("orders", 100, 50));

        Assert.Equal(_world.View.Find(XdsType.Endpoints, "orders")!.Version, other.View.Find(XdsType.Endpoints, "orders")!.Version);
    }

    [Fact]
    public void Large_registries_come_in_pieces_that_every_client_takes()
    {
        var services = Enumerable.Range(0, 60).Select(i => XdsWorld.Service($"s{i:D2}", [.. Enumerable.Repeat(100, 2000)])).ToArray();
        var client = new DeltaClient(new XdsWorld(new EnvoyDialect(new()), services).Connect(new DeltaStream()));
        client.Subscribe(XdsType.Endpoints, [.. services.Select(service => service.Service)]);
        var received = 0;
        while (client.Read() is { } response)
        {
            Assert.InRange(response.CalculateSize(), 1, 4 * 1024 * 1024 - 1);
            received += response.Resources.Count;
            client.Ack(response);
        }

        Assert.Equal(60, received);
    }

    [Fact]
    public void One_changed_weight_among_1000_services_costs_little_more_than_its_assignment()
    {
        const int Instances = 20;
        var services = Enumerable.Range(0, 1000).Select(i => XdsWorld.Service($"service-{i:D3}", [.. Enumerable.Repeat(100, Instances)])).ToArray();
        var world = new XdsWorld(new EnvoyDialect(new()), services);
        var client = new DeltaClient(world.Connect(new DeltaStream()));
        client.Subscribe(XdsType.Cluster);
        client.Subscribe(XdsType.Endpoints, [.. services.Select(service => service.Service)]);
        client.Settle();

        world.Put(XdsWorld.Service("service-500", [50, .. Enumerable.Repeat(100, Instances - 1)]));

        var response = client.Read()!;
        Assert.Equal("", response.SystemVersionInfo);
        var assignment = world.View.Find(XdsType.Endpoints, "service-500")!.Size;
        TestContext.Current.TestOutputHelper!.WriteLine($"{response.CalculateSize()} bytes sent for an assignment of {assignment} ({Instances} instances in 2 zones): {(double)response.CalculateSize() / assignment:0.00}x");
        Assert.InRange(response.CalculateSize(), assignment, 1.5 * assignment);
        client.Ack(response);
        Assert.Empty(client.Settle());
    }

    [Fact]
    public void One_changed_weight_costs_at_most_half_as_much_again_from_a_dozen_instances_on()
    {
        // About 180 bytes come with every assignment, whatever its size: the type's URL of 68 bytes twice, which the protocol wants in the response and in the resource's Any, the service's name once more,
        // a version of 11 characters and a nonce. With everything that may be left out left out, it would still be 1.54x at ten instances.
        var ratios = new List<double>();
        for (var instances = 1; instances <= 20; instances++)
        {
            var world = new XdsWorld(new EnvoyDialect(new()), XdsWorld.Service("service-500", [.. Enumerable.Repeat(100, instances)]));
            var client = new DeltaClient(world.Connect(new DeltaStream()));
            client.Subscribe(XdsType.Endpoints, "service-500");
            client.Settle();
            world.Put(XdsWorld.Service("service-500", [50, .. Enumerable.Repeat(100, instances - 1)]));
            var (sent, assignment) = (client.Read()!.CalculateSize(), world.View.Find(XdsType.Endpoints, "service-500")!.Size);
            ratios.Add((double)sent / assignment);
            TestContext.Current.TestOutputHelper!.WriteLine($"{instances} instances: {sent} bytes for an assignment of {assignment}, {sent - assignment} besides: {ratios[^1]:0.000}x");
        }

        Assert.All(ratios.Skip(11), ratio => Assert.InRange(ratio, 1, 1.5));
    }

    private void Start()
    {
        _client.Subscribe(XdsType.Cluster);
        _client.Subscribe(XdsType.Endpoints, "cart", "orders");
        Assert.Equal(["CDS cart orders", "EDS cart orders"], _client.Settle());
    }

    private Dictionary<string, string> Versions(XdsType type) => _world.View.All(type).ToDictionary(pair => pair.Key, pair => pair.Value.Version);
}
