using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Web.Gateway;

public sealed class StreamingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Download_IsStreamed_PieceByPiece()
    {
        using var next = new SemaphoreSlim(0);
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", async context =>
        {
            await context.Response.WriteAsync("first");
            await context.Response.Body.FlushAsync();
            await next.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync("second");
        });
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        using var answer = await gateway.SendAsync("orders");
        await using var body = await answer.Content.ReadAsStreamAsync(Token);
        Assert.Equal("first", await ReadAsync(body, 5));
        next.Release();
        Assert.Equal("second", await ReadAsync(body, 6));
        Assert.Equal(0, await body.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task Upload_IsStreamed_BeforeItIsComplete()
    {
        const int Part = 256 * 1024;
        var received = 0L;
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", async context =>
        {
            var buffer = new byte[16384];
            while (await context.Request.Body.ReadAsync(buffer) is var read and > 0)
            {
                Interlocked.Add(ref received, read);
            }
        });
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        var pipe = new System.IO.Pipelines.Pipe(new(pauseWriterThreshold: 0));
        using var content = new StreamContent(pipe.Reader.AsStream());
        var answer = gateway.SendAsync("orders", HttpMethod.Post, content: content);
        await pipe.Writer.WriteAsync(new byte[Part], Token);
        await Eventually.TrueAsync(() => Interlocked.Read(ref received) >= Part / 2, Patience, "the first part arrives while the upload is open", Token);
        Assert.False(answer.IsCompleted);
        await pipe.Writer.WriteAsync(new byte[Part], Token);
        await pipe.Writer.CompleteAsync();
        using var ended = await answer;
        Assert.Equal(HttpStatusCode.OK, ended.StatusCode);
        Assert.Equal(2 * Part, Interlocked.Read(ref received));
    }

    [Fact]
    public async Task LargeUpload_HasNoLimit()
    {
        const int Size = 64 * 1024 * 1024;
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", async context =>
        {
            var total = 0L;
            var buffer = new byte[65536];
            while (await context.Request.Body.ReadAsync(buffer) is var read and > 0)
            {
                total += read;
            }

            await context.Response.WriteAsync(total.ToString(System.Globalization.CultureInfo.InvariantCulture));
        });
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        using var content = new ByteArrayContent(new byte[Size]);
        using var answer = await gateway.SendAsync("orders", HttpMethod.Post, content: content);
        Assert.Equal($"{Size}", await answer.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task WebSocket_Echoes_AndIsCountedAsLongLived()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", EchoWebSocketAsync);
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        using var socket = await ConnectAsync(gateway);
        foreach (var size in new[] { 1, 125, 126, 70_000 })
        {
            var sent = new byte[size];
            new Random(size).NextBytes(sent);
            await socket.SendAsync(sent, WebSocketMessageType.Binary, true, Token);
            Assert.Equal(sent, await ReceiveAsync(socket, size));
        }

        await Eventually.TrueAsync(() => InFlight(gateway) == (1, 1), Patience, "the WebSocket is reported as long-lived", Token);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Token);
        await Eventually.TrueAsync(() => InFlight(gateway) == (0, 0), Patience, "the end of the WebSocket is reported", Token);
        await Eventually.TrueAsync(() => gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Completed == 1, Patience, "the WebSocket is counted", Token);
        var instance = gateway.Traffic.Query("orders", TrafficStore.Retention).Of("a");
        Assert.Equal(0, instance.Figures.Failures);
        Assert.Null(instance.Figures.P50Ms);
    }

    [Fact]
    public async Task ForcedDrain_ClosesAnIdleWebSocketWith1001_OnBothSides()
    {
        var closed = new TaskCompletionSource<WebSocketCloseStatus?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", context => EchoWebSocketAsync(context, closed));
        await using var other = await Backend.StartAsync("b", EchoWebSocketAsync);
        var set = BackendSets.Set("orders", backend);
        gateway.Source.Publish(set);
        using var socket = await ConnectAsync(gateway);
        await socket.SendAsync(new byte[] { 1, 2, 3 }, WebSocketMessageType.Binary, true, Token);
        Assert.Equal([1, 2, 3], await ReceiveAsync(socket, 3));

        // A drain alone leaves it open.
        gateway.Source.Publish(BackendSets.Set("orders", backend, other).Leaving("a"));
        await socket.SendAsync(new byte[] { 4 }, WebSocketMessageType.Binary, true, Token);
        Assert.Equal([4], await ReceiveAsync(socket, 1));

        gateway.Source.Publish(BackendSets.Set("orders", backend, other).Leaving("a", forced: true));
        var end = await socket.ReceiveAsync(new byte[16].AsMemory(), Token);
        Assert.Equal(WebSocketMessageType.Close, end.MessageType);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
        Assert.Equal(1001, (int)socket.CloseStatus!);
        Assert.Equal(1001, (int)(await closed.Task.WaitAsync(Patience, TimeProvider.System, Token))!);
        await Eventually.TrueAsync(() => InFlight(gateway) == (0, 0), Patience, "nothing is open at the drained instance", Token);
    }

    [Fact]
    public async Task ForcedDrain_ClosesABusyWebSocketBetweenTwoFrames()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var message = new byte[5000];
            Array.Fill(message, (byte)0x88);
            while (socket.State == WebSocketState.Open)
            {
                await socket.SendAsync(message, WebSocketMessageType.Binary, true, context.RequestAborted);
            }
        });
        var set = BackendSets.Set("orders", backend);
        gateway.Source.Publish(set);
        using var socket = await ConnectAsync(gateway);
        var buffer = new byte[8192];
        for (var message = 0; message < 100; message++)
        {
            await socket.ReceiveAsync(buffer.AsMemory(), Token);
        }

        gateway.Source.Publish(set.Leaving("a", forced: true));
        ValueWebSocketReceiveResult result;
        do
        {
            // A broken frame would throw here.
            result = await socket.ReceiveAsync(buffer.AsMemory(), Token);
        }
        while (result.MessageType != WebSocketMessageType.Close);

        Assert.Equal(1001, (int)socket.CloseStatus!);
    }

    [Fact]
    public async Task ForcedDrain_ResetsAPlainExchange()
    {
        var arrived = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", async context =>
        {
            context.RequestAborted.Register(() => aborted.TrySetResult());
            arrived.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        await using var other = await Backend.StartAsync("b");
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        var request = gateway.SendAsync("orders");
        await arrived.Task.WaitAsync(Patience, TimeProvider.System, Token);
        gateway.Source.Publish(BackendSets.Set("orders", backend, other).Leaving("a", forced: true));
        await Assert.ThrowsAsync<HttpRequestException>(() => request);
        await aborted.Task.WaitAsync(Patience, TimeProvider.System, Token);
        Assert.Equal(0, other.Requests);
        await Eventually.TrueAsync(() => InFlight(gateway) == (0, 0), Patience, "nothing is open at the drained instance", Token);
    }

    [Fact]
    public async Task SlowExchange_BecomesLongLivedWithAge()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        using var release = new SemaphoreSlim(0);
        await using var backend = await Backend.StartAsync("a", context => release.WaitAsync(context.RequestAborted));
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        var start = Stopwatch.GetTimestamp();
        var request = gateway.SendAsync("orders");
        await Eventually.TrueAsync(() => InFlight(gateway) == (1, 0), Patience, "the request is in flight", Token);
        await Eventually.TrueAsync(() => InFlight(gateway) == (1, 1), TimeSpan.FromSeconds(60), "the request is long-lived", Token);
        Assert.True(Stopwatch.GetElapsedTime(start) >= TrafficStore.LongLivedAfter);
        release.Release();
        using var answer = await request;
        await Eventually.TrueAsync(() => InFlight(gateway) == (0, 0), Patience, "the request has ended", Token);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Http2_IsForwarded_ToHttp1AndHttp2Instances(bool http2Instance)
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", context => context.Response.WriteAsync(context.Request.Protocol), http2Instance ? HttpProtocols.Http2 : HttpProtocols.Http1);
        gateway.Source.Publish(BackendSets.Set("orders", backend) with { Protocol = http2Instance ? ServiceProtocol.Http2 : ServiceProtocol.Http });
        using var request = gateway.Request("orders", url: gateway.Http2Url);
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var answer = await gateway.Client.SendAsync(request, Token);
        Assert.Equal(HttpVersion.Version20, answer.Version);
        Assert.Equal(http2Instance ? "HTTP/2" : "HTTP/1.1", await answer.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task Grpc_UnaryAndStreaming_CarryTrailersAndErrors()
    {
        var health = new HealthServiceImpl();
        health.SetStatus("known", HealthCheckResponse.Types.ServingStatus.Serving);
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync(
            "a",
            protocols: HttpProtocols.Http2,
            services: services =>
            {
                services.AddLogging();
                services.AddGrpc();
                services.AddSingleton(health);
            },
            map: app =>
            {
                app.UseRouting();
                app.MapGrpcService<HealthServiceImpl>();
            });
        gateway.Source.Publish(BackendSets.Set("orders", backend) with { Protocol = ServiceProtocol.Grpc });
        using var channel = GrpcChannel.ForAddress(gateway.Http2Url, new() { HttpHandler = new HostHandler("orders.localhost") });
        var client = new Health.HealthClient(channel);

        var answer = await client.CheckAsync(new() { Service = "known" }, cancellationToken: Token);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await client.CheckAsync(new() { Service = "unknown" }, cancellationToken: Token));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);

        using var watch = client.Watch(new() { Service = "known" }, cancellationToken: Token);
        Assert.True(await watch.ResponseStream.MoveNext(Token));
        health.SetStatus("known", HealthCheckResponse.Types.ServingStatus.NotServing);
        Assert.True(await watch.ResponseStream.MoveNext(Token));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(1, backend.Requests - 2);
    }

    [Fact]
    public async Task GrpcStatus_DecidesWhetherACallFailed()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync(
            "a",
            async context =>
            {
                context.Response.ContentType = "application/grpc";
                var status = context.Request.Path.Value![1..];
                if (status.StartsWith('t'))
                {
                    // Trailers only: the status is in the headers.
                    context.Response.Headers["grpc-status"] = status[1..];
                    return;
                }

                await context.Response.Body.WriteAsync(new byte[5]);
                context.Response.AppendTrailer("grpc-status", status);
            },
            HttpProtocols.Http2);
        gateway.Source.Publish(BackendSets.Set("orders", backend) with { Protocol = ServiceProtocol.Grpc });
        // Ok, NotFound, Unavailable, Internal; then the same without a message.
        foreach (var status in new[] { "0", "5", "14", "13", "t0", "t5", "t14" })
        {
            using var request = gateway.Request("orders", HttpMethod.Post, "/" + status, url: gateway.Http2Url);
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            request.Content = new ByteArrayContent([0, 0, 0, 0, 0]);
            request.Content.Headers.ContentType = new("application/grpc");
            request.Headers.TE.ParseAdd("trailers");
            using var answer = await gateway.Client.SendAsync(request, Token);
            await answer.Content.ReadAsByteArrayAsync(Token);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await Eventually.TrueAsync(() => gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Completed == 7, Patience, "the calls are reported", Token);
        Assert.Equal(3, gateway.Traffic.Query("orders", TrafficStore.Retention).Total.Failures);
    }

    private static (long Requests, long LongLived) InFlight(GatewayHarness gateway)
    {
        var known = gateway.Traffic.InFlight(new("orders", "a"), [gateway.Id], DateTimeOffset.MinValue);
        return known.Unknown.IsEmpty ? (known.Requests, known.LongLived) : (-1, -1);
    }

    private static async Task<ClientWebSocket> ConnectAsync(GatewayHarness gateway)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Host", "orders.localhost");
        await socket.ConnectAsync(new UriBuilder(gateway.Url) { Scheme = "ws" }.Uri, Token);
        return socket;
    }

    private static Task EchoWebSocketAsync(HttpContext context) => EchoWebSocketAsync(context, null);

    private static async Task EchoWebSocketAsync(HttpContext context, TaskCompletionSource<WebSocketCloseStatus?>? closed)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16384];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                closed?.TrySetResult(socket.CloseStatus);
                await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        }
    }

    private static async Task<byte[]> ReceiveAsync(WebSocket socket, int size)
    {
        var message = new byte[size];
        var read = 0;
        while (read < size)
        {
            read += (await socket.ReceiveAsync(message.AsMemory(read), Token)).Count;
        }

        return message;
    }

    private static async Task<string> ReadAsync(Stream stream, int size)
    {
        var buffer = new byte[size];
        await stream.ReadExactlyAsync(buffer, Token);
        return Encoding.UTF8.GetString(buffer);
    }

    private sealed class HostHandler(string host) : DelegatingHandler(new SocketsHttpHandler { UseProxy = false })
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Host = host;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
