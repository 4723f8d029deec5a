using Dashboard.Core.Discovery.Xds;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Envoy.Config.Core.V3;
using Envoy.Config.Endpoint.V3;
using Envoy.Service.LoadStats.V3;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Dashboard.Tests.Wire.Xds;

public sealed class LoadReportingTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly List<TrafficReport> _reports = [];
    private XdsServer _server = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await XdsServer.StartAsync();
        _server.Register("orders", ("10.0.0.1", 80, 100), ("10.0.0.2", 80, 100));
        _server.Traffic.Accepted += report =>
        {
            lock (_reports)
            {
                _reports.Add(report);
            }
        };
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Envoys_endpoint_statistics_become_its_clusters_traffic()
    {
        using var channel = _server.Connect();
        using var call = new LoadReportingService.LoadReportingServiceClient(channel).StreamLoadStats(cancellationToken: Cancelled);
        await call.RequestStream.WriteAsync(new() { Node = new Node { Id = "envoy-1", Cluster = "web", UserAgentName = "envoy" } }, Cancelled);
        Assert.True(await call.ResponseStream.MoveNext(Cancelled));
        Assert.True(call.ResponseStream.Current.SendAllClusters && call.ResponseStream.Current.ReportEndpointGranularity);
        Assert.Equal(TimeSpan.FromSeconds(1), call.ResponseStream.Current.LoadReportingInterval.ToTimeSpan());

        await call.RequestStream.WriteAsync(
            new()
            {
                ClusterStats =
                {
                    new ClusterStats
                    {
                        ClusterName = "orders",
                        LoadReportInterval = Duration.FromTimeSpan(TimeSpan.FromSeconds(1.5)),
                        UpstreamLocalityStats =
                        {
                            new UpstreamLocalityStats
                            {
                                Locality = new() { Zone = "zone-a" },
                                UpstreamEndpointStats = { Endpoint("10.0.0.1", issued: 12, successful: 8, errors: 2, open: 4), Endpoint("10.0.0.2", 3, 3, 0, 0), Endpoint("10.9.9.9", 1, 1, 0, 0) },
                            },
                        },
                    },
                },
            },
            Cancelled);

        var report = await ReportAsync(report => report.Rows.Length > 0);
        Assert.Equal(("envoy-1", TimeSpan.FromSeconds(1.5)), (report.Reporter, report.Period));
        Assert.Equal(
            ["web orders-1 12 10 2", "web orders-2 3 3 0"],
            report.Rows.OrderBy(row => row.Instance, StringComparer.Ordinal).Select(row => $"{row.Source} {row.Instance} {row.Requests} {row.Completed} {row.Failures}"));
        Assert.Equal(new InFlightRow("orders", "orders-1", 4, 0), Assert.Single(report.InFlight));
        Assert.Contains("envoy-2", _server.Traffic.InFlight(new("orders", "orders-1"), ["envoy-1", "envoy-2"], DateTimeOffset.MinValue).Unknown);

        // Envoy names whoever has anything open: what it leaves out has nothing.
        await call.RequestStream.WriteAsync(new() { ClusterStats = { new ClusterStats { ClusterName = "orders" } } }, Cancelled);
        await ReportAsync(report => report.Sequence == 3 && report.InFlight.IsEmpty);
    }

    [Fact]
    public async Task Grpcs_localities_are_instances_and_what_they_leave_out_is_as_it_was()
    {
        using var channel = _server.Connect();
        await using var follower = new AdsClient(channel, "client-1", "gRPC Node Pure JS");
        await follower.SubscribeAsync(XdsType.Endpoints, "orders");
        await follower.TakeAsync(Cancelled);
        using var call = new LoadReportingService.LoadReportingServiceClient(channel).StreamLoadStats(cancellationToken: Cancelled);
        await call.RequestStream.WriteAsync(new() { Node = new Node { Id = "client-1", Cluster = "web", UserAgentName = "gRPC Node Pure JS" } }, Cancelled);
        await call.RequestStream.WriteAsync(Locality("orders-2", issued: 5, successful: 2, errors: 1, open: 2), Cancelled);
        Assert.Equal("orders-2", Assert.Single((await ReportAsync(report => report.Rows.Length > 0)).Rows).Instance);
        await Eventually.TrueAsync(() => _server.Followers.Find("client-1") is { Reports: true, LastReport: not null }, Patience, "it counts as a reporter", Cancelled);

        // Nothing began and nothing ended: two are still open.
        await call.RequestStream.WriteAsync(new(), Cancelled);
        Assert.Equal(2, Assert.Single((await ReportAsync(report => report.Sequence == 3)).InFlight).Requests);

        await call.RequestStream.WriteAsync(Locality("orders-2", 0, 2, 0, 0), Cancelled);
        var last = await ReportAsync(report => report.Sequence == 4);
        Assert.Empty(last.InFlight);
        Assert.Equal((0, 2), (last.Rows[0].Requests, last.Rows[0].Completed));
    }

    [Fact]
    public async Task One_that_is_silent_while_it_is_idle_is_known_to_have_nothing_open_and_one_with_open_requests_is_not()
    {
        using var channel = _server.Connect();
        using var call = new LoadReportingService.LoadReportingServiceClient(channel).StreamLoadStats(cancellationToken: Cancelled);
        await call.RequestStream.WriteAsync(new() { Node = new Node { Id = "python", Cluster = "web", UserAgentName = "gRPC C-core linux" } }, Cancelled);

        await ReportAsync(report => report.Reporter == "python" && report.Sequence == 3);

        using var busy = new LoadReportingService.LoadReportingServiceClient(channel).StreamLoadStats(cancellationToken: Cancelled);
        await busy.RequestStream.WriteAsync(new() { Node = new Node { Id = "busy", Cluster = "web", UserAgentName = "gRPC C-core linux" } }, Cancelled);
        await busy.RequestStream.WriteAsync(Locality("orders-1", 1, 0, 0, 1), Cancelled);
        await ReportAsync(report => report.Reporter == "busy" && report.InFlight.Length == 1);
        // As long as the idle one needs for two more words.
        var words = _server.Traffic.Reporters.Single(reporter => reporter.Id == "python").Sequence;
        await ReportAsync(report => report.Reporter == "python" && report.Sequence >= words + 2);
        Assert.InRange(_server.Traffic.Reporters.Single(reporter => reporter.Id == "busy").Sequence, 1, 2);
    }

    [Fact]
    public async Task What_one_has_open_is_not_hidden_by_another_of_the_same_node_id()
    {
        using var channel = _server.Connect();
        using var one = await OpenAsync(channel);
        await one.RequestStream.WriteAsync(Locality("orders-1", 3, 0, 0, 3), Cancelled);
        await ReportAsync(report => report.InFlight.Length == 1);
        using var two = await OpenAsync(channel);
        await two.RequestStream.WriteAsync(Locality("orders-1", 2, 0, 0, 2), Cancelled);
        Assert.Equal(5, Assert.Single((await ReportAsync(report => report.Rows.Any(row => row.Requests == 2))).InFlight).Requests);

        await one.RequestStream.WriteAsync(Locality("orders-1", 0, 2, 0, 1), Cancelled);
        Assert.Equal(3, Assert.Single((await ReportAsync(report => report.Rows.Any(row => row.Completed == 2))).InFlight).Requests);
        var reporter = Assert.Single(_server.Traffic.Reporters, reporter => reporter.Id == "twin");
        Assert.Equal((0, 0), (reporter.Repeats, reporter.Missed));

        // The client of one stream went and may come back: until then what it had open is not over.
        await one.RequestStream.CompleteAsync();
        Assert.False(await one.ResponseStream.MoveNext(Cancelled));
        await two.RequestStream.WriteAsync(Locality("orders-1", 0, 2, 0, 0), Cancelled);
        Assert.Equal(1, Assert.Single((await ReportAsync(report => report.Rows.Any(row => row.Completed == 2) && report.Sequence > reporter.Sequence)).InFlight).Requests);

        async Task<AsyncDuplexStreamingCall<LoadStatsRequest, LoadStatsResponse>> OpenAsync(Grpc.Net.Client.GrpcChannel channel)
        {
            var call = new LoadReportingService.LoadReportingServiceClient(channel).StreamLoadStats(cancellationToken: Cancelled);
            await call.RequestStream.WriteAsync(new() { Node = new Node { Id = "twin", Cluster = "web", UserAgentName = "gRPC Node Pure JS" } }, Cancelled);
            Assert.True(await call.ResponseStream.MoveNext(Cancelled));
            return call;
        }
    }

    private static UpstreamEndpointStats Endpoint(string address, ulong issued, ulong successful, ulong errors, ulong open) => new()
    {
        Address = new() { SocketAddress = new() { Address = address, PortValue = 80 } },
        TotalIssuedRequests = issued,
        TotalSuccessfulRequests = successful,
        TotalErrorRequests = errors,
        TotalRequestsInProgress = open,
    };

    private static LoadStatsRequest Locality(string instance, ulong issued, ulong successful, ulong errors, ulong open) => new()
    {
        ClusterStats =
        {
            new ClusterStats
            {
                ClusterName = "orders",
                UpstreamLocalityStats =
                {
                    new UpstreamLocalityStats
                    {
                        Locality = new() { SubZone = instance },
                        TotalIssuedRequests = issued,
                        TotalSuccessfulRequests = successful,
                        TotalErrorRequests = errors,
                        TotalRequestsInProgress = open,
                    },
                },
            },
        },
    };

    private async Task<TrafficReport> ReportAsync(Func<TrafficReport, bool> condition)
    {
        TrafficReport? found = null;
        await Eventually.TrueAsync(
            () =>
            {
                lock (_reports)
                {
                    return (found = _reports.Find(report => condition(report))) is not null;
                }
            },
            Patience,
            "the report came",
            Cancelled);
        return found!;
    }
}
