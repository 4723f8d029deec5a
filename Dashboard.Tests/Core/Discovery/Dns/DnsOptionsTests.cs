using Dashboard.Core.Discovery.Dns;
using Microsoft.Extensions.Configuration;

namespace Dashboard.Tests.Core.Discovery.Dns;

public sealed class DnsOptionsTests
{
    [Fact]
    public void From_NoKeys_IsLoopbackZoneMeshAndNoCaching()
    {
        var options = From();

        Assert.Equal("127.0.0.1:5053", options.Endpoints.Single().ToString());
        Assert.Equal(("mesh", 0, 0), (options.Zone, options.Ttl, options.NegativeTtl));
    }

    [Fact]
    public void From_Keys_AreTaken()
    {
        var options = From(("Dns:Endpoint", "10.0.0.1:53, [::1]:5353"), ("Dns:Zone", "Mesh.Example.org."), ("Dns:Ttl", "5"), ("Dns:RateLimit", "0"), ("Dns:RateLimitExempt", "10.0.0.0/8"));

        Assert.Equal(["10.0.0.1:53", "[::1]:5353"], options.Endpoints.Select(endpoint => endpoint.ToString()));
        Assert.Equal(("mesh.example.org", 5, 5, 0), (options.Zone, options.Ttl, options.NegativeTtl, options.RateLimit));
        Assert.Equal("10.0.0.0/8", options.RateLimitExempt.Single().ToString());
    }

    [Theory]
    [InlineData("off")]
    [InlineData("")]
    public void From_EndpointOff_ListensNowhere(string value) => Assert.Empty(From(("Dns:Endpoint", value)).Endpoints);

    [Theory]
    [InlineData("Dns:Endpoint", "5053")]
    [InlineData("Dns:Endpoint", "127.0.0.1")]
    [InlineData("Dns:Endpoint", "::1:53")]
    [InlineData("Dns:Zone", "")]
    [InlineData("Dns:Zone", "me sh")]
    [InlineData("Dns:Ttl", "-1")]
    [InlineData("Dns:Ttl", "86401")]
    [InlineData("Dns:RateLimitExempt", "10.0.0.0/33")]
    public void From_UnusableValue_IsRefusedWithItsKey(string key, string value) =>
        Assert.Contains(key, Assert.Throws<InvalidOperationException>(() => From((key, value))).Message, StringComparison.Ordinal);

    private static DnsOptions From(params (string Key, string Value)[] settings) =>
        DnsOptions.From(new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(pair => pair.Key, pair => (string?)pair.Value)).Build());
}
