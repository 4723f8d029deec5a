using System.Collections.Immutable;

namespace Dashboard.Web.Demo;

/// <summary>The demo's mesh: a small shop of ten services on six nodes in three zones.</summary>
internal static class Shop
{
    /// <summary>The source that user requests name.</summary>
    public const string Users = "internet";

    /// <summary>Where user requests go.</summary>
    public const string Front = "storefront";

    /// <summary>The service that holds WebSockets.</summary>
    public const string Notifications = "notifications";

    public static readonly ImmutableArray<DemoService> Services =
    [
        new(Front)
        {
            Check = "http",
            Latency = TimeSpan.FromMilliseconds(4),
            Routes =
            [
                new("/", Together: true, new("catalog", "/products"), new("recommendations", "/", Chance: 0.5, Required: false)),
                new("/cart", Together: false, new DemoCall("cart", "/")),
                new("/checkout", Together: false, new DemoCall("checkout", "/orders", "POST")),
            ],
            Instances = [new("storefront-1", "node-a1"), new("storefront-2", "node-b1"), new("storefront-3", "node-c1", "v2", 50)],
        },
        new("catalog")
        {
            Check = "http",
            Policy = "leastConnections",
            Latency = TimeSpan.FromMilliseconds(8),
            Routes = [new("/products", Together: true, new("inventory", "/stock"), new("search", "/", Chance: 0.4))],
            Instances = [new("catalog-1", "node-a1"), new("catalog-2", "node-a2"), new("catalog-3", "node-b1"), new("catalog-4", "node-c1", "v2", 25)],
        },
        new("search")
        {
            Policy = "powerOfTwoChoices",
            Latency = TimeSpan.FromMilliseconds(25),
            Instances = [new("search-1", "node-b2"), new("search-2", "node-c2")],
        },
        new("recommendations")
        {
            Check = "http",
            Policy = "leastConnections",
            Latency = TimeSpan.FromMilliseconds(280),
            Instances = [new("recommendations-1", "node-a2"), new("recommendations-2", "node-c1")],
        },
        new("cart")
        {
            Policy = "roundRobin",
            Latency = TimeSpan.FromMilliseconds(5),
            Instances = [new("cart-1", "node-a1"), new("cart-2", "node-b1"), new("cart-3", "node-c2")],
        },
        new("checkout")
        {
            Check = "http",
            Latency = TimeSpan.FromMilliseconds(10),
            Routes =
            [
                new("/orders", Together: false,
                    new("cart", "/"), new("inventory", "/reserve", "POST"), new("payments", "/charges", "POST", Required: false), new("shipping", "/", "POST")),
            ],
            Instances = [new("checkout-1", "node-a2"), new("checkout-2", "node-b2"), new("checkout-3", "node-c2")],
        },
        new("payments")
        {
            Check = "ttl",
            Latency = TimeSpan.FromMilliseconds(45),
            ErrorRate = 0.02,
            Instances = [new("payments-1", "node-a1", Weight: 200), new("payments-2", "node-b2"), new("payments-3", "node-c1", "v2")],
        },
        new("inventory")
        {
            Protocol = "http2",
            Check = "grpc",
            Latency = TimeSpan.FromMilliseconds(3),
            Instances = [new("inventory-1", "node-a2"), new("inventory-2", "node-b1"), new("inventory-3", "node-c2")],
        },
        new("shipping")
        {
            Check = "ttl",
            Policy = "random",
            Latency = TimeSpan.FromMilliseconds(15),
            Instances = [new("shipping-1", "node-b2"), new("shipping-2", "node-c1")],
        },
        new(Notifications)
        {
            Policy = "leastConnections",
            Instances = [new("notifications-1", "node-a1"), new("notifications-2", "node-b1"), new("notifications-3", "node-c2")],
        },
    ];
}
