using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Dashboard.Web.Gateway;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Dashboard.Tests.Web.Gateway;

public sealed class RetryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task ConnectFailure_IsRetriedElsewhere_WhateverTheMethod(string method)
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a", Echo);
        var dead = await Backend.StartAsync("b");
        await dead.DisposeAsync();
        gateway.Source.Publish(BackendSets.Set("orders", a, dead));
        var body = new byte[3_000_000];
        new Random(1).NextBytes(body);
        for (var request = 0; request < 6; request++)
        {
            // A stream without a known length is sent in chunks and can be read only once.
            using var content = method == "POST" ? new StreamContent(new OnceStream(body)) : null;
            using var answer = await gateway.SendAsync("orders", new(method), content: content);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(method == "POST" ? body : [], await answer.Content.ReadAsByteArrayAsync(Token));
        }
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task InstanceKilledBeforeItsConnectionWasUsed_IsTriedElsewhere_WhateverTheMethod(string method)
    {
        await using var a = await Backend.StartAsync("a");
        await using var b = await Backend.StartAsync("b");
        var options = new GatewayOptions();
        using var services = new ServiceCollection().AddLogging().AddMetrics().AddHttpForwarder().BuildServiceProvider();
        using var killed = new HttpMessageInvoker(new KilledBeforeUse(times: 1));
        using var clients = new InstanceClients(options, services.GetRequiredService<IMeterFactory>());
        var tables = new GatewayTables(new FakeServingSource(BackendSets.Set("orders", a, b)), options, TimeProvider.System);
        var forwarder = new RequestForwarder(tables, new SourceTable(0, _ => false), clients, new Through(killed, services.GetRequiredService<IHttpForwarder>()), options, TimeProvider.System);
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { Request = { Method = method, Scheme = "http", Host = new($"orders.{options.Suffix}"), Path = "/" }, Response = { Body = body } };
        if (method == "POST")
            (context.Request.Body, context.Request.ContentLength) = (new MemoryStream(new byte[3]), 3);

        await forwarder.HandleAsync(context);

        Assert.Equal(StatusCodes.Status200OK, context.Response.StatusCode);
        Assert.Equal(1, a.Requests + b.Requests);
    }

    [Fact]
    public async Task BlackHole_CostsThreeGetsAConnectTimeout_AndIsEjected()
    {
        await using var gateway = await GatewayHarness.StartAsync(options => (options.ConnectTimeout, options.EjectFor) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromHours(1)));
        await using var a = await Backend.StartAsync("a");
        using var hole = new BlackHole();
        var set = BackendSets.Set("orders", a);
        gateway.Source.Publish(set with { Endpoints = [.. set.Endpoints, BackendSets.Endpoint("hole", hole.Port)] });
        for (var request = 0; request < 6; request++)
        {
            Assert.Equal("a", await gateway.GetAsync("orders"));
        }

        // Three of the six chose the hole.
        Assert.Equal(1, gateway.Status.EjectedInstances);
        for (var request = 0; request < 20; request++)
        {
            Assert.Equal("a", await gateway.GetAsync("orders"));
        }

        await Eventually.TrueAsync(() => gateway.Traffic.Query("orders", TrafficStore.Retention).Of("a").Figures.Completed == 26, TimeSpan.FromSeconds(60), "all requests are reported", Token);
        Assert.Equal(3, gateway.Traffic.Query("orders", TrafficStore.Retention).Of("hole").Figures.Requests);
    }

    [Fact]
    public async Task EjectedInstance_IsTriedAgainAfterItsTime_ByOneRequest()
    {
        await using var gateway = await GatewayHarness.StartAsync(options => options.EjectFor = TimeSpan.FromMilliseconds(400));
        await using var a = await Backend.StartAsync("a");
        var b = await Backend.StartAsync("b");
        var port = b.Port;
        gateway.Source.Publish(BackendSets.Set("orders", a, b));
        await b.DisposeAsync();
        for (var request = 0; request < 10; request++)
        {
            Assert.Equal("a", await gateway.GetAsync("orders"));
        }

        await using var back = await Backend.StartAsync("b", port: port);
        await Eventually.TrueAsync(async () => await gateway.GetAsync("orders") == "b", TimeSpan.FromSeconds(60), () => "the instance that is back gets requests", Token);
        var before = back.Requests;
        for (var request = 0; request < 10; request++)
        {
            await gateway.GetAsync("orders");
        }

        Assert.Equal(5, back.Requests - before);
    }

    [Fact]
    public async Task EjectionOfMoreThanHalf_IsIgnored()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a");
        var (b, c) = (await Backend.StartAsync("b"), await Backend.StartAsync("c"));
        gateway.Source.Publish(BackendSets.Set("orders", a, b, c));
        var (portB, portC) = (b.Port, c.Port);
        await b.DisposeAsync();
        await c.DisposeAsync();
        for (var request = 0; request < 30; request++)
        {
            Assert.Equal("a", await gateway.GetAsync("orders"));
        }

        // Both are ejected, so neither is: the first one that is chosen now that both are back answers at once.
        await using var backB = await Backend.StartAsync("b", port: portB);
        await using var backC = await Backend.StartAsync("c", port: portC);
        for (var request = 0; request < 3; request++)
        {
            await gateway.GetAsync("orders");
        }

        Assert.InRange(backB.Requests + backC.Requests, 1, 2);
    }

    [Fact]
    public async Task Reset_IsRetried_ForAnIdempotentRequestWithoutABody()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a");
        await using var b = await Backend.StartAsync("b", Abort);
        gateway.Source.Publish(BackendSets.Set("orders", a, b));
        for (var request = 0; request < 6; request++)
        {
            Assert.Equal("a", await gateway.GetAsync("orders"));
        }

        Assert.Equal(3, b.Requests);
    }

    [Theory]
    [InlineData("POST", false)]
    [InlineData("POST", true)]
    [InlineData("PUT", true)]
    [InlineData("PATCH", false)]
    public async Task Reset_IsNotRetried_ForWhatIsNotSafeToRepeat(string method, bool body)
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a", Abort);
        await using var b = await Backend.StartAsync("b", Abort);
        gateway.Source.Publish(BackendSets.Set("orders", a, b));
        using var content = body ? new StringContent("body") : null;
        using var answer = await gateway.SendAsync("orders", new(method), content: content);
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal(1, a.Requests + b.Requests);
        var problem = await answer.Content.ReadAsStringAsync(Token);
        Assert.Contains("\"service\":\"orders\"", problem, StringComparison.Ordinal);
        Assert.Contains("\"reason\":\"reset\"", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", problem + answer.Headers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_IsNotRetried_OnceTheClientGotAByte()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var a = await Backend.StartAsync("a", PartThenAbort);
        await using var b = await Backend.StartAsync("b", PartThenAbort);
        gateway.Source.Publish(BackendSets.Set("orders", a, b));
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        arrived.SetResult();
        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal(1, a.Requests + b.Requests);

        async Task PartThenAbort(HttpContext context)
        {
            context.Response.ContentLength = 1000;
            await context.Response.Body.WriteAsync(new byte[10]);
            await context.Response.Body.FlushAsync();
            await arrived.Task.WaitAsync(context.RequestAborted);
            context.Abort();
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Status_IsNeverRetried(int status)
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a", Answer);
        await using var b = await Backend.StartAsync("b", Answer);
        gateway.Source.Publish(BackendSets.Set("orders", a, b));
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(1, a.Requests + b.Requests);

        Task Answer(HttpContext context)
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Retries_AreAtMostTwo()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        var backends = new List<Backend>();
        for (var index = 0; index < 5; index++)
        {
            backends.Add(await Backend.StartAsync($"i-{index}", Abort));
        }

        gateway.Source.Publish(BackendSets.Set("orders", [.. backends]));
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal(3, backends.Sum(backend => backend.Requests));
        Assert.All(backends, backend => Assert.InRange(backend.Requests, 0, 1));
        foreach (var backend in backends)
        {
            await backend.DisposeAsync();
        }
    }

    [Fact]
    public async Task Retries_StayInsideTheBudget()
    {
        const int Requests = 2000;
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a", Abort);
        await using var b = await Backend.StartAsync("b", Abort);
        gateway.Source.Publish(BackendSets.Set("orders", a, b));
        var start = Stopwatch.GetTimestamp();
        for (var request = 0; request < Requests; request++)
        {
            using var answer = await gateway.SendAsync("orders");
            Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        }

        // A fifth of the requests, the 200 that were saved, and 10 a second.
        var allowed = Requests / 5 + 200 + 10 * (Stopwatch.GetElapsedTime(start).TotalSeconds + 1);
        Assert.InRange(a.Requests + b.Requests - Requests, 200, allowed);
    }

    [Fact]
    public async Task NobodyTakesAConnection_IsBadGateway()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        var a = await Backend.StartAsync("a");
        await a.DisposeAsync();
        gateway.Source.Publish(BackendSets.Set("orders", a));
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Contains("\"reason\":\"connect\"", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SilentInstance_IsGatewayTimeout()
    {
        await using var gateway = await GatewayHarness.StartAsync(options => options.IdleTimeout = TimeSpan.FromSeconds(2));
        await using var a = await Backend.StartAsync("a", context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        gateway.Source.Publish(BackendSets.Set("orders", a));
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.Contains("\"reason\":\"timeout\"", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(1, a.Requests);
    }

    private static Task Abort(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    private static Task Echo(HttpContext context) => context.Request.Body.CopyToAsync(context.Response.Body);

    private sealed class OnceStream(byte[] content) : Stream
    {
        private int _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = Math.Min(count, content.Length - _position);
            content.AsSpan(_position, read).CopyTo(buffer.AsSpan(offset));
            _position += read;
            return read;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>The real forwarder, with connections of the test's.</summary>
    private sealed class Through(HttpMessageInvoker client, IHttpForwarder forwarder) : IHttpForwarder
    {
        public ValueTask<ForwarderError> SendAsync(HttpContext context, string destinationPrefix, HttpMessageInvoker httpClient, ForwarderRequestConfig requestConfig, HttpTransformer transformer) =>
            forwarder.SendAsync(context, destinationPrefix, client, requestConfig, transformer);
    }
}
