using System.Net;
using Dashboard.Core.Health;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Dashboard.Tests.Core.Health;

public sealed class AllowedNetworksTests
{
    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.7.7")]
    [InlineData("fd12:3456::1")]
    [InlineData("::ffff:10.1.2.3")]
    public void Private_networks_are_allowed_by_default(string address) => Assert.True(AllowedNetworks.Default(withLoopback: false).Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.32.0.1")]
    [InlineData("2001:db8::1")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    public void Public_addresses_and_loopback_are_not_unless_asked_for(string address) => Assert.False(AllowedNetworks.Default(withLoopback: false).Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("169.254.1.1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("::")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    public void Link_local_and_metadata_addresses_never_are_even_when_everything_is(string address) =>
        Assert.False(AllowedNetworks.Parse(["0.0.0.0/0", "::/0"]).Allows(IPAddress.Parse(address)));

    [Fact]
    public void Single_addresses_count_as_networks_of_one()
    {
        var networks = AllowedNetworks.Parse(["203.0.113.7", "2001:db8::7"]);

        Assert.True(networks.Allows(IPAddress.Parse("203.0.113.7")));
        Assert.True(networks.Allows(IPAddress.Parse("2001:db8::7")));
        Assert.False(networks.Allows(IPAddress.Parse("203.0.113.8")));
    }

    [Fact]
    public void Every_fault_is_named()
    {
        var failure = Assert.Throws<FormatException>(() => AllowedNetworks.Parse(["10.0.0.0/8", "10.0.0.0/33", "intranet"]));

        Assert.Contains("10.0.0.0/33, intranet", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("http://127.0.0.1:5080", true)]
    [InlineData("http://localhost:5080;http://[::1]:5080", true)]
    [InlineData("http://0.0.0.0:5080", false)]
    [InlineData("http://*:5080", false)]
    [InlineData("http://+:5080", false)]
    [InlineData("http://127.0.0.1:5080;http://10.0.0.5:5080", false)]
    [InlineData("http://console.example:5080", false)]
    public void Loopback_is_allowed_while_the_console_listens_on_loopback_alone(string? urls, bool expected) =>
        Assert.Equal(expected, Read(("Urls", urls)).AllowedNetworks.Allows(IPAddress.Loopback));

    [Fact]
    public void Networks_can_be_configured_as_one_string_or_as_a_list()
    {
        var one = Read(("Health:AllowedNetworks", "10.0.0.0/8, 203.0.113.0/24")).AllowedNetworks;
        var list = Read(("Health:AllowedNetworks:0", "10.0.0.0/8"), ("Health:AllowedNetworks:1", "203.0.113.0/24")).AllowedNetworks;

        Assert.All([one, list], networks => Assert.True(networks.Allows(IPAddress.Parse("203.0.113.9"))));
        Assert.All([one, list], networks => Assert.False(networks.Allows(IPAddress.Loopback)));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("many")]
    [InlineData("-1")]
    [InlineData("70000")]
    public void A_number_of_probes_that_is_none_is_refused(string value) => Assert.Throws<FormatException>(() => Read(("Health:MaxConcurrentProbes", value)));

    private static HealthOptions Read(params (string Key, string? Value)[] settings) =>
        HealthServiceCollectionExtensions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value))).Build());
}
