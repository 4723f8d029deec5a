using System.Text.Json;
using System.Text.Json.Nodes;
using Dashboard.Web.Live.Frames;
using Microsoft.AspNetCore.SignalR.Protocol;
using Xunit;

namespace Dashboard.Tests.Web.Client;

public sealed class ClientTests
{
    private static readonly string[] Decode = ["tests/decode.mjs"];

    [Fact]
    public async Task The_sources_pass_the_strict_type_check()
    {
        var (exitCode, output) = await ClientFolder.NodeAsync(["node_modules/typescript/bin/tsc", "--noEmit"], "", TestContext.Current.CancellationToken);

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task The_clients_own_tests_pass()
    {
        var (exitCode, output) = await ClientFolder.NodeAsync(["test.mjs"], "", TestContext.Current.CancellationToken);

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task The_browser_reads_a_topology_frame_as_it_was_meant()
    {
        var read = await ReadAsync("topology", new TopologyFrame(
            (byte)FrameKind.State, 7, 8, "g", 1_700_000_000_123, 1_700_000_000_000,
            [new("cart.shop", "shop", (byte)Dashboard.Core.Topology.ServiceHealth.Degraded, 1, 2, 3, 4, 5, 6, 7, 8, 9, true, false, [new("zone-a", 10, 11)], "orders.shop", 19, 20)],
            ["gone"],
            [new("cart.shop", 0.5f, 0.25f, 12, 13, false, 1.5f, 2.5f, null)],
            [new("a", "b", 14, null, 15, 16, 17)],
            [new("c", "d")],
            [new("gone", 18)]));

        Assert.Equal(
            """
            {"kind":"state","sequence":7,"revision":8,"generation":"g","at":1700000000123,"staleSince":1700000000000,
            "nodes":[{"service":"cart.shop","namespace":"shop","health":"degraded","healthy":1,"degraded":2,"unhealthy":3,"unknown":4,"total":5,"eligible":6,"serving":7,
            "draining":8,"drained":9,"panic":true,"brake":false,"zones":[{"zone":"zone-a","total":10,"serving":11}],"neighbourhood":"orders.shop","backAt":19,"inMaintenance":20}],
            "removed":["gone"],
            "traffic":[["cart.shop",{"rps":0.5,"errorRate":0.25,"inFlight":12,"longLived":13,"inFlightKnown":false,"p50":1.5,"p95":2.5,"p99":null}]],
            "edges":[{"source":"a","target":"b","rps":14,"errorRate":null,"p50":15,"p95":16,"p99":17}],
            "removedEdges":[["c","d"]],
            "ghosts":[{"name":"gone","leftAt":18}],"trafficKnown":true}
            """.ReplaceLineEndings(""),
            read);
    }

    [Fact]
    public async Task The_browser_reads_a_service_frame_as_it_was_meant()
    {
        var read = await ReadAsync("service", new ServiceFrame(
            (byte)FrameKind.Full, 1, 2, "g", 3, null, "cart", true,
            [new("cart-1", "10.0.0.1", 80, "node-1", "zone-a", null, 100, (byte)Dashboard.Core.Registry.IntentKind.Maintenance, (byte)Dashboard.Core.Registry.HealthStatus.Unhealthy, true, 20)],
            null, null, [new(4000, 5, 0.5f, 6, 7, 8)], [new(9, 10, "instance.drain", "cart/cart-1", "ada", (byte)Dashboard.Core.History.MarkKind.Act)], null, [new("cart-1", [1, 2])]));

        Assert.Equal(
            """
            {"kind":"full","sequence":1,"revision":2,"generation":"g","at":3,"staleSince":null,"service":"cart","exists":true,
            "instances":[{"id":"cart-1","address":"10.0.0.1","port":80,"node":"node-1","zone":"zone-a","version":"","weight":100,"intent":"maintenance","health":"unhealthy","serving":true,"until":20}],
            "removed":[],"traffic":[],
            "samples":[{"at":4000,"rps":5,"errorRate":0.5,"p50":6,"p95":7,"p99":8}],
            "marks":[{"revision":9,"at":10,"action":"instance.drain","target":"cart/cart-1","actor":"ada","kind":"act"}],
            "ghosts":null,"history":[["cart-1",[1,2]]]}
            """.ReplaceLineEndings(""),
            read);
    }

    private static async Task<string> ReadAsync(string method, object frame)
    {
        var bytes = new MessagePackHubProtocol().GetMessageBytes(new InvocationMessage(method, [frame]));
        var (exitCode, output) = await ClientFolder.NodeAsync(Decode, Convert.ToBase64String(bytes.Span) + "\n", TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        return JsonNode.Parse(output)!.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
