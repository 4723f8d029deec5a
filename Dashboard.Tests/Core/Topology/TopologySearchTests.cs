using System.Diagnostics;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Topology;
using Dashboard.Tests.Support;
using Xunit;

namespace Dashboard.Tests.Core.Topology;

public sealed class TopologySearchTests
{
    private readonly InMemoryRegistry _registry = new(TimeProvider.System);

    [Fact]
    public void The_exact_name_comes_first_then_what_begins_so_then_what_holds_it()
    {
        Register("recart", "cart-store", "cart", "orders");

        var found = TopologySearch.Find(_registry.Current, " CART ", 5);

        Assert.Equal(["cart", "cart-store", "recart"], found.Services.Select(match => match.Service.Name));
        Assert.Equal(3, found.ServiceCount);
    }

    [Theory]
    [InlineData("orders-1", "orders-1")]
    [InlineData("10.0.0.7", "orders-1")]
    [InlineData("10.0.0.7:8001", "orders-1")]
    [InlineData("host-9", "orders-1")]
    [InlineData("orders zone-b", "orders-1")]
    [InlineData("zone-b v2 ord", "orders-1")]
    [InlineData("zone-c orders", null)]
    [InlineData("10.0.0.7:8002", null)]
    [InlineData("  ", null)]
    public void An_instance_is_found_by_id_address_node_zone_and_version_of_which_every_word_must_hold(string text, string? expected)
    {
        Register("cart");
        _registry.Apply(new RegisterInstance(new("orders", "orders-1"), new() { Address = "10.0.0.7", Port = 8001, Node = "host-9", Zone = "zone-b", Version = "v2" }));

        var found = TopologySearch.Find(_registry.Current, text, 5);

        Assert.Equal(expected, found.Instances.SingleOrDefault()?.Instance?.Id);
    }

    [Fact]
    public void Any_of_ten_thousand_instances_is_found_and_no_more_than_asked_for()
    {
        var mesh = new LargeMesh(1000, 10, 2000);
        mesh.Fill(_registry);
        var wanted = mesh.InstanceOf(mesh.Services[731], 4);
        TopologySearch.Find(_registry.Current, wanted, 6);

        var start = Stopwatch.GetTimestamp();
        var found = TopologySearch.Find(_registry.Current, wanted, 6);
        TestContext.Current.TestOutputHelper?.WriteLine($"one of 10,000 instances found in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} ms");

        Assert.Equal(wanted, found.Instances[0].Instance!.Id);
        Assert.Equal(10_000, TopologySearch.Find(_registry.Current, "zone-", 6).InstanceCount);
        Assert.Equal(6, TopologySearch.Find(_registry.Current, "zone-", 6).Instances.Count);
    }

    private void Register(params string[] services)
    {
        foreach (var service in services)
        {
            _registry.Apply(new RegisterInstance(new(service, "i-1"), new() { Address = "10.1.0.1", Port = 9000 }));
        }
    }
}
