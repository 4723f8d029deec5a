using System.Text.Json.Nodes;
using Dashboard.Core.Discovery.Xds;
using Dashboard.Tests.Core.Discovery.Xds;
using Dashboard.Web.Discovery.Xds;
using Envoy.Config.Cluster.V3;
using Envoy.Config.Core.V3;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Microsoft.Extensions.Configuration;

namespace Dashboard.Tests.Wire.Xds;

/// <summary>What the manual tells people to write into their bootstrap files. The one for gRPC is the one that <see cref="GrpcJsTests"/> run with.</summary>
public sealed class ManualTests
{
    // Unknown fields are refused, as Envoy refuses them.
    private static readonly JsonParser Parser = new(new JsonParser.Settings(20, TypeRegistry.FromFiles(Envoy.Extensions.Upstreams.Http.V3.HttpProtocolOptionsReflection.Descriptor)));

    private readonly JsonNode _bootstrap = PlainYaml.Read(GrpcJsClient.Resource("envoy.yaml"));

    [Fact]
    public void Envoys_bootstrap_keeps_the_rules_of_its_protos_and_every_reference_leads_to_the_console()
    {
        var console = Take<Cluster>("static_resources", "clusters", "0");
        var ads = Take<ApiConfigSource>("dynamic_resources", "ads_config");
        var load = Take<ApiConfigSource>("cluster_manager", "load_stats_config");
        var node = Take<Node>("node");

        Assert.Equal([console.Name, console.Name], ads.GrpcServices.Concat(load.GrpcServices).Select(service => service.EnvoyGrpc.ClusterName));
        Assert.Equal((ApiConfigSource.Types.ApiType.DeltaGrpc, ApiVersion.V3), (ads.ApiType, ads.TransportApiVersion));
        Assert.Equal(ConfigSource.ConfigSourceSpecifierOneofCase.Ads, Take<ConfigSource>("dynamic_resources", "cds_config").ConfigSourceSpecifierCase);
        Assert.Equal(ConfigSource.ConfigSourceSpecifierOneofCase.Ads, Take<ConfigSource>("dynamic_resources", "lds_config").ConfigSourceSpecifierCase);
        Assert.False(XdsDialect.IsGrpc(node) || node.Id.Length == 0 || node.Cluster.Length == 0);
        var place = console.LoadAssignment.Endpoints[0].LbEndpoints[0].Endpoint.Address.SocketAddress;
        Assert.Equal(XdsServerOptions.From(new ConfigurationBuilder().Build()).Urls[0], new Uri($"http://{place.Address}:{place.PortValue}"));
        Assert.Equal(["admin", "cluster_manager", "dynamic_resources", "node", "static_resources"], _bootstrap.AsObject().Select(part => part.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_manual_shows_the_files_that_are_tested()
    {
        var manual = File.ReadAllText(Path.Combine(Root(), "README.md"));
        Assert.Contains("Dashboard.Tests/Wire/Xds/envoy.yaml", manual, StringComparison.Ordinal);
        var bootstrap = GrpcJsClient.Resource("grpc-bootstrap.json").TrimEnd().Split('\n').Select(line => $"    {line}".TrimEnd());
        Assert.Contains(string.Join('\n', bootstrap), manual, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Xds:Url", "https://127.0.0.1:5081", "Xds:Certificate")]
    [InlineData("Xds:Url", "http://console.example:5081", "Xds:Url")]
    [InlineData("Xds:Url", "5081", "Xds:Url")]
    [InlineData("Xds:LoadReportInterval", "soon", "Xds:LoadReportInterval")]
    [InlineData("Xds:Egress", "15001", "Xds:Egress")]
    public void A_key_that_cannot_be_used_is_named(string key, string value, string named) => Assert.Contains(
        named,
        Assert.Throws<InvalidOperationException>(() => XdsServerOptions.From(new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build())).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Off_turns_the_server_and_the_listener_off()
    {
        var options = XdsServerOptions.From(new ConfigurationBuilder().AddInMemoryCollection([new("Xds:Url", "off"), new("Xds:Egress", "off")]).Build());

        Assert.Empty(options.Urls);
        Assert.Null(options.Resources.Egress);
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Dashboard.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run from the source tree.");

        return folder;
    }

    private T Take<T>(params string[] path)
        where T : IMessage, new()
    {
        var node = path.Aggregate(_bootstrap, (node, part) => int.TryParse(part, out var index) ? node[index]! : node[part]!);
        var message = Parser.Parse<T>(node.ToJsonString());
        Assert.Empty(ValidateRules.Faults(message));
        return message;
    }
}
