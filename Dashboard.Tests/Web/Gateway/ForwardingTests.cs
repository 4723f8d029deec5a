using System.Net;
using System.Text.Json;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web.Gateway;

public sealed class ForwardingTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NoCatalogYet_IsUnavailable_AndNotUnknown()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        gateway.Source.Feed.Reset(Dashboard.Core.Discovery.ServingCatalog.Empty);

        using var answer = await gateway.SendAsync("orders");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("noCatalog", problem.RootElement.GetProperty("reason").GetString());
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task UnknownService_IsNotFound_AndNamed()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        using var answer = await gateway.SendAsync("nosuch");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token));
        Assert.Equal("nosuch", problem.RootElement.GetProperty("service").GetString());
        Assert.Equal("unknownService", problem.RootElement.GetProperty("reason").GetString());
        Assert.Equal(404, problem.RootElement.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("orders.example.org")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]:5082")]
    public async Task HostOutsideTheSuffix_IsNotFound(string host)
    {
        await using var gateway = await GatewayHarness.StartAsync();
        using var request = gateway.Request("orders");
        request.Headers.Host = host;
        using var answer = await gateway.Client.SendAsync(request, Token);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData("orders.localhost")]
    [InlineData("ORDERS.Localhost:5082")]
    [InlineData("orders.localhost.")]
    public async Task HostOfTheService_IsForwarded_WhateverItsCaseAndPort(string host)
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a");
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        using var request = gateway.Request("orders");
        request.Headers.Host = host;
        using var answer = await gateway.Client.SendAsync(request, Token);
        Assert.Equal("a", await answer.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task NamespacedService_IsForwarded()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a");
        gateway.Source.Publish(BackendSets.Set("orders.shop", backend));
        Assert.Equal("a", await gateway.GetAsync("orders.shop"));
    }

    [Fact]
    public async Task EmptyServingSet_IsUnavailable_AndSaysWhy()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a");
        gateway.Source.Publish(BackendSets.Set("orders", backend).Leaving("a"));
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        var problem = await answer.Content.ReadAsStringAsync(Token);
        Assert.Contains("orders: every instance is draining, drained or in maintenance", problem, StringComparison.Ordinal);
        Assert.Equal(0, backend.Requests);
    }

    [Fact]
    public async Task TcpService_IsNotCarried()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a");
        gateway.Source.Publish(BackendSets.Set("orders", backend) with { Protocol = ServiceProtocol.Tcp });
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(HttpStatusCode.NotImplemented, answer.StatusCode);
    }

    [Fact]
    public async Task RemovedService_IsNotFound_AndComesBack()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a");
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        Assert.Equal("a", await gateway.GetAsync("orders"));
        gateway.Source.Remove("orders");
        using (var answer = await gateway.SendAsync("orders"))
        {
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        gateway.Source.Publish(BackendSets.Set("orders", backend));
        Assert.Equal("a", await gateway.GetAsync("orders"));
    }

    [Fact]
    public async Task Request_KeepsMethodPathQueryHeadersAndBody()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            context.Response.Headers["x-answer"] = "yes";
            context.Response.StatusCode = 418;
            await using var writer = new StreamWriter(context.Response.Body);
            await writer.WriteAsync($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString} {context.Request.Host} {context.Request.Headers["x-ask"]} {context.Request.Headers["x-forwarded-for"]} {await reader.ReadToEndAsync()}");
        });
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        using var request = gateway.Request("orders", HttpMethod.Patch, "/a/b%20c?d=e&f");
        request.Headers.Add("x-ask", "why");
        request.Headers.Add("X-Forwarded-For", "10.0.0.9");
        request.Content = new StringContent("body");
        using var answer = await gateway.Client.SendAsync(request, Token);
        Assert.Equal(418, (int)answer.StatusCode);
        Assert.Equal("yes", Assert.Single(answer.Headers.GetValues("x-answer")));
        Assert.Equal("PATCH /a/b%20c?d=e&f orders.localhost why 10.0.0.9, 127.0.0.1 body", await answer.Content.ReadAsStringAsync(Token));
    }

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var backend = await Backend.StartAsync("a", context =>
        {
            context.Response.Redirect("http://127.0.0.1:1/elsewhere");
            return Task.CompletedTask;
        });
        gateway.Source.Publish(BackendSets.Set("orders", backend));
        using var answer = await gateway.SendAsync("orders");
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("http://127.0.0.1:1/elsewhere", answer.Headers.Location?.ToString());
    }

    [Theory]
    [InlineData(BalancingPolicy.RoundRobin, 100, 100)]
    [InlineData(BalancingPolicy.Random, 300, 100)]
    [InlineData(BalancingPolicy.WeightedRoundRobin, 300, 100)]
    [InlineData(BalancingPolicy.LeastConnections, 100, 100)]
    [InlineData(BalancingPolicy.PowerOfTwoChoices, 100, 100)]
    public async Task Policy_SpreadsRequests(BalancingPolicy policy, int weightA, int weightB)
    {
        const int Requests = 400;
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a");
        await using var b = await Backend.StartAsync("b");
        gateway.Source.Publish(BackendSets.Set("orders", a, b) with
        {
            Policy = policy,
            Endpoints = [BackendSets.Endpoint("a", a.Port, weightA), BackendSets.Endpoint("b", b.Port, weightB)],
        });
        for (var request = 0; request < Requests; request++)
        {
            await gateway.GetAsync("orders");
        }

        Assert.Equal(Requests, a.Requests + b.Requests);
        var intended = (double)weightA / (weightA + weightB);
        if (policy is BalancingPolicy.RoundRobin or BalancingPolicy.WeightedRoundRobin)
        {
            Assert.Equal(intended * Requests, a.Requests);
        }
        else
        {
            // 5 sigma: fails by chance once in two million runs.
            Assert.InRange(a.Requests, intended * Requests - 5 * Math.Sqrt(Requests * intended * (1 - intended)), intended * Requests + 5 * Math.Sqrt(Requests * intended * (1 - intended)));
        }
    }

    [Fact]
    public async Task DrainedInstance_GetsNoRequest_ThatBeginsAfterTheCatalogSwap()
    {
        await using var gateway = await GatewayHarness.StartAsync();
        await using var a = await Backend.StartAsync("a");
        await using var b = await Backend.StartAsync("b");
        var both = BackendSets.Set("orders", a, b);
        gateway.Source.Publish(both);
        using var stop = new CancellationTokenSource();
        var failed = 0;
        var load = Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                using var client = gateway.NewClient();
                while (!stop.IsCancellationRequested)
                {
                    using var request = gateway.Request("orders");
                    using var answer = await client.SendAsync(request, Token);
                    Interlocked.Add(ref failed, answer.IsSuccessStatusCode ? 0 : 1);
                }
            },
            Token)).ToArray();
        for (var round = 0; round < 20; round++)
        {
            var before = a.Requests;
            await Eventually.TrueAsync(() => a.Requests > before, TimeSpan.FromSeconds(60), "the active instance gets requests", Token);
            gateway.Source.Publish(both.Leaving("a"));
            // What was chosen before the swap has arrived once the followed count of b has moved on by more than there are clients.
            var settled = b.Requests + 100;
            await Eventually.TrueAsync(() => b.Requests > settled, TimeSpan.FromSeconds(60), "the other instance gets requests", Token);
            var drained = a.Requests;
            var seen = b.Requests + 200;
            await Eventually.TrueAsync(() => b.Requests > seen, TimeSpan.FromSeconds(60), "the other instance gets requests", Token);
            Assert.Equal(drained, a.Requests);
            gateway.Source.Publish(both);
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal(0, failed);
    }
}
