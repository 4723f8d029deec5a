using System.Net;
using System.Net.Sockets;
using System.Text;
using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dashboard.Tests.Core.Health;

/// <summary>Probes against real servers on loopback.</summary>
public sealed class ProbeTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tcp_passes_where_a_connection_is_accepted_and_leaves_no_time_wait()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        var result = await new TcpProbe(TimeProvider.System).ProbeAsync(Target(CheckKind.Tcp, (IPEndPoint)listener.LocalEndpoint), Cancelled);

        Assert.Equal(CheckOutcome.Passing, result.Outcome);
        Assert.StartsWith("connected in ", result.Output, StringComparison.Ordinal);
        using var accepted = await listener.AcceptSocketAsync(Cancelled);
        var reset = await Assert.ThrowsAsync<SocketException>(async () => await accepted.ReceiveAsync(new byte[1], Cancelled));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }

    [Fact]
    public async Task Tcp_over_IPv6_passes()
    {
        using var listener = new TcpListener(IPAddress.IPv6Loopback, 0);
        listener.Start();

        var result = await new TcpProbe(TimeProvider.System).ProbeAsync(Target(CheckKind.Tcp, (IPEndPoint)listener.LocalEndpoint), Cancelled);

        Assert.Equal(CheckOutcome.Passing, result.Outcome);
    }

    [Theory]
    [InlineData(CheckKind.Tcp)]
    [InlineData(CheckKind.Http)]
    [InlineData(CheckKind.Grpc)]
    public async Task A_closed_port_fails_and_says_so(CheckKind kind)
    {
        using var probe = new AnyProbe(kind);

        var result = await probe.ProbeAsync(Target(kind, new(IPAddress.Loopback, FreePort())), Cancelled);

        Assert.Equal(CheckOutcome.Critical, result.Outcome);
        Assert.Contains("refused", result.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(CheckKind.Tcp)]
    [InlineData(CheckKind.Http)]
    [InlineData(CheckKind.Grpc)]
    public async Task A_black_hole_fails_at_the_timeout(CheckKind kind)
    {
        using var hole = new BlackHole();
        using var probe = new AnyProbe(kind);
        var target = Target(kind, hole.EndPoint);

        var result = await probe.ProbeAsync(target with { Check = target.Check with { Timeout = TimeSpan.FromMilliseconds(200) } }, Cancelled);

        Assert.Equal(CheckOutcome.Critical, result.Outcome);
        Assert.Equal("no answer within 200 ms", result.Output);
        Assert.InRange(result.Duration.TotalMilliseconds, 190, 60_000);
    }

    [Theory]
    [InlineData(CheckKind.Http)]
    [InlineData(CheckKind.Grpc)]
    public async Task A_server_that_accepts_and_never_answers_fails_at_the_timeout(CheckKind kind)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var probe = new AnyProbe(kind);
        var target = Target(kind, (IPEndPoint)listener.LocalEndpoint);

        var result = await probe.ProbeAsync(target with { Check = target.Check with { Timeout = TimeSpan.FromMilliseconds(200) } }, Cancelled);

        Assert.Equal("no answer within 200 ms", result.Output);
    }

    [Theory]
    [InlineData("/ok", CheckOutcome.Passing, "HTTP 200: all good in ")]
    [InlineData("/empty", CheckOutcome.Passing, "HTTP 204 in ")]
    [InlineData("/broken", CheckOutcome.Critical, "HTTP 503, expected 200-299: no database in ")]
    [InlineData("/moved", CheckOutcome.Critical, "HTTP 302, expected 200-299 in ")]
    public async Task Http_judges_by_status_and_keeps_the_body_as_evidence(string path, CheckOutcome outcome, string output)
    {
        await using var server = await HttpAsync();
        using var probe = new HttpProbe(TimeProvider.System);

        var result = await probe.ProbeAsync(Target(CheckKind.Http, server.EndPoint, path), Cancelled);

        Assert.StartsWith(output, result.Output, StringComparison.Ordinal);
        Assert.Equal(outcome, result.Outcome);
    }

    [Fact]
    public async Task Http_does_not_follow_redirects()
    {
        await using var server = await HttpAsync();
        using var probe = new HttpProbe(TimeProvider.System);

        await probe.ProbeAsync(Target(CheckKind.Http, server.EndPoint, "/moved"), Cancelled);

        Assert.Equal(["/moved"], server.Asked);
    }

    [Theory]
    [InlineData("//elsewhere.example/ok")]
    [InlineData("ok?deep=true")]
    public async Task Http_stays_at_the_instance_whatever_the_path(string path)
    {
        await using var server = await HttpAsync();
        using var probe = new HttpProbe(TimeProvider.System);

        await probe.ProbeAsync(Target(CheckKind.Http, server.EndPoint, path), Cancelled);

        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Http_accepts_the_statuses_that_it_is_told_to()
    {
        await using var server = await HttpAsync();
        using var probe = new HttpProbe(TimeProvider.System);
        var target = Target(CheckKind.Http, server.EndPoint, "/broken");

        var result = await probe.ProbeAsync(target with { Check = target.Check with { StatusFrom = 503, StatusTo = 503 } }, Cancelled);

        Assert.Equal(CheckOutcome.Passing, result.Outcome);
    }

    [Fact]
    public async Task Http_reads_only_the_beginning_of_an_endless_body_and_cleans_it()
    {
        await using var server = await HttpAsync();
        using var probe = new HttpProbe(TimeProvider.System);

        var result = await probe.ProbeAsync(Target(CheckKind.Http, server.EndPoint, "/endless"), Cancelled);

        Assert.Equal(CheckOutcome.Passing, result.Outcome);
        Assert.InRange(result.Output.Length, 10, HealthState.MaxOutputLength);
        Assert.DoesNotContain(result.Output, char.IsControl);
    }

    [Fact]
    public async Task Http_looks_at_the_listener_each_time_and_not_at_a_kept_connection()
    {
        using var probe = new HttpProbe(TimeProvider.System);
        IPEndPoint endPoint;
        await using (var server = await HttpAsync())
        {
            endPoint = server.EndPoint;
            await probe.ProbeAsync(Target(CheckKind.Http, endPoint, "/ok"), Cancelled);
            await probe.ProbeAsync(Target(CheckKind.Http, endPoint, "/ok"), Cancelled);
            Assert.Equal(2, server.Connections);
        }

        Assert.Equal(CheckOutcome.Critical, (await probe.ProbeAsync(Target(CheckKind.Http, endPoint, "/ok"), Cancelled)).Outcome);
    }

    [Fact]
    public async Task Http_of_an_HTTP2_service_speaks_HTTP2()
    {
        await using var server = await HttpAsync(HttpProtocols.Http2);
        using var probe = new HttpProbe(TimeProvider.System);

        for (var i = 0; i < 3; i++)
        {
            var result = await probe.ProbeAsync(Target(CheckKind.Http, server.EndPoint, "/ok") with { Protocol = ServiceProtocol.Http2 }, Cancelled);
            Assert.StartsWith("HTTP 200", result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_speaks_no_http_fails()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var talk = Task.Run(async () =>
        {
            using var peer = await listener.AcceptSocketAsync(Cancelled);
            await peer.SendAsync("SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray(), Cancelled);
        }, Cancelled);
        using var probe = new HttpProbe(TimeProvider.System);

        var result = await probe.ProbeAsync(Target(CheckKind.Http, (IPEndPoint)listener.LocalEndpoint), Cancelled);

        await talk;
        Assert.Equal(CheckOutcome.Critical, result.Outcome);
    }

    [Theory]
    [InlineData("", CheckOutcome.Passing, "SERVING in ")]
    [InlineData("/", CheckOutcome.Passing, "SERVING in ")]
    [InlineData("shop.Cart", CheckOutcome.Critical, "NOT_SERVING in ")]
    [InlineData("shop.Gone", CheckOutcome.Critical, "does not know the service \"shop.Gone\" in ")]
    public async Task Grpc_asks_the_health_service(string service, CheckOutcome outcome, string output)
    {
        await using var server = await TestServer.StartAsync(HttpProtocols.Http2, builder => builder.Services.AddGrpc(), app => app.MapGrpcService<FakeHealth>());
        using var probe = new GrpcProbe(TimeProvider.System);

        for (var i = 0; i < 3; i++)
        {
            var result = await probe.ProbeAsync(Target(CheckKind.Grpc, server.EndPoint, service), Cancelled);

            Assert.Equal(outcome, result.Outcome);
            Assert.StartsWith(output, result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Grpc_without_a_health_service_fails_and_says_so()
    {
        await using var server = await HttpAsync(HttpProtocols.Http2);
        using var probe = new GrpcProbe(TimeProvider.System);

        var result = await probe.ProbeAsync(Target(CheckKind.Grpc, server.EndPoint), Cancelled);

        Assert.Equal(CheckOutcome.Critical, result.Outcome);
        Assert.Contains("does not implement", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_probe_ends_when_the_console_stops()
    {
        using var hole = new BlackHole();
        using var stop = new CancellationTokenSource();
        var probing = new TcpProbe(TimeProvider.System).ProbeAsync(Target(CheckKind.Tcp, hole.EndPoint), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probing);
    }

    private static ProbeTarget Target(CheckKind kind, IPEndPoint endPoint, string path = "/") => new(
        new("orders", "orders-1"),
        endPoint,
        new() { Kind = kind, Path = path, Timeout = TimeSpan.FromSeconds(10) },
        kind == CheckKind.Grpc ? ServiceProtocol.Grpc : ServiceProtocol.Http);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Task<TestServer> HttpAsync(HttpProtocols protocols = HttpProtocols.Http1) => TestServer.StartAsync(protocols, null, app =>
    {
        app.MapGet("/ok", () => "all good");
        app.MapGet("/empty", () => Results.NoContent());
        app.MapGet("/broken", () => Results.Text("no\tdatabase\r\n", statusCode: 503));
        app.MapGet("/moved", () => Results.Redirect("/ok"));
        app.MapGet("/endless", async context =>
        {
            var line = Encoding.UTF8.GetBytes("\u001b[31mred\u0000\r\n");
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(line, context.RequestAborted);
            }
        });
    });

    /// <summary>The probe of one kind, disposed whether it needs it or not.</summary>
    private sealed class AnyProbe(CheckKind kind) : IDisposable
    {
        private readonly IProbe _probe = kind switch
        {
            CheckKind.Http => new HttpProbe(TimeProvider.System),
            CheckKind.Grpc => new GrpcProbe(TimeProvider.System),
            _ => new TcpProbe(TimeProvider.System),
        };

        public Task<ProbeResult> ProbeAsync(ProbeTarget target, CancellationToken cancellationToken) => _probe.ProbeAsync(target, cancellationToken);

        public void Dispose() => (_probe as IDisposable)?.Dispose();
    }

    private sealed class FakeHealth : global::Grpc.Health.V1.Health.HealthBase
    {
        public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) => request.Service switch
        {
            "" => Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving }),
            "shop.Cart" => Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.NotServing }),
            _ => throw new RpcException(new(StatusCode.NotFound, "unknown service")),
        };
    }
}
