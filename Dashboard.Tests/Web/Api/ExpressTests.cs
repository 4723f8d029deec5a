using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Web.Http.Express;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Tests.Web.Api;

/// <summary>Two hosts over one registry, one with the short way into its endpoints: whatever it is asked, it answers as the other does.</summary>
public sealed class ExpressTests : IAsyncLifetime
{
    private readonly InMemoryRegistry _registry = new(TimeProvider.System);
    private readonly CountingSignIn _signIn = new();
    private readonly ConcurrentQueue<string?> _routes = [];
    private readonly ConcurrentQueue<ClaimsPrincipal> _whoGoesOn = [];
    private ApiHost _whole = null!;
    private ApiHost _express = null!;

    public async ValueTask InitializeAsync()
    {
        _whole = await ApiHost.StartAsync(registry: _registry);
        _express = await ApiHost.StartAsync(
            more: services => services.AddSingleton<IExpressSignIn>(_signIn), before: Watch, registry: _registry);
        _whole.Seed("orders", 3);
        _whole.Do(new PutService("beats", ServiceSettings.Default with { Check = new() { Kind = CheckKind.Ttl } }));
        _whole.Do(new RegisterInstance(new("beats", "b-1"), new() { Address = "10.0.0.9", Port = 80 }));
        await _whole.PublishedAsync();
        await _express.PublishedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _express.DisposeAsync();
        await _whole.DisposeAsync();
    }

    [Theory]
    [InlineData("""{"address":"10.1.0.1","port":80}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"weight":7,"zone":"zone-a","node":"n1","version":"v1+x","metadata":{"b":"ü","a":"1"}}""")]
    [InlineData("""{"address":"2001:DB8::1","port":80}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"zone":null,"weight":null}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"metadata":{}}""")]
    [InlineData(""" {"address" : "10.1.0.1", "port" : 80 } """)]
    [InlineData("""{"address":"10.1.0.1","port":80,"ttlSeconds":5}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"port":81}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"metadata":{"a":"1","a":"2"}}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"metadata":{"a":1}}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"metadata":{"a":"x\u0007y"}}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"metadata":{"a b":"1"}}""")]
    [InlineData("""{"address":"10.1.0.1","port":80,"metadata":{"a":"\ud800"}}""")]
    [InlineData("""{"address":"localhost","port":"80","weight":1e3,"zone":"-","colour":"red"}""")]
    [InlineData("""{"address":"10.1.0.1","port":65536}""")]
    [InlineData("""{"address":"10.1.0.1","port":80.5}""")]
    [InlineData("""{"address":"10.1.0.1"}""")]
    [InlineData("""{"address":"10.1.0.1","port":80} x""")]
    [InlineData("""{"address":"10.1.0.1","port":80""")]
    [InlineData("[1]")]
    [InlineData("")]
    public async Task Registration_IsAnsweredAlike(string body)
    {
        // Each its own service: what the one host registered must not make the other's a renewal.
        var whole = await AskAsync(_whole, HttpMethod.Put, "/api/v1/services/a-whole/instances/i-1", body);
        var express = await AskAsync(_express, HttpMethod.Put, "/api/v1/services/a-short/instances/i-1", body);

        Assert.Equal(whole.Replace("a-whole", "a-short", StringComparison.Ordinal), express);
        Assert.Equal(
            _registry.Current.FindInstance(new("a-whole", "i-1"))?.Registration,
            _registry.Current.FindInstance(new("a-short", "i-1"))?.Registration);
    }

    [Theory]
    [InlineData("PUT", "/api/v1/services/Orders/instances/i-1", """{"address":"10.1.0.1","port":80}""")]
    [InlineData("PUT", "/api/v1/services/new/instances/i%20x", """{"address":"10.1.0.1","port":80}""")]
    [InlineData("PUT", "/api/v1/services/new/instances/i-1?x=1", """{"address":"10.1.0.1","port":80}""")]
    [InlineData("PUT", "/api/v1/services/new/instances/", """{"address":"10.1.0.1","port":80}""")]
    [InlineData("GET", "/api/v1/services/orders/endpoints", "")]
    [InlineData("GET", "/api/v1/services/absent/endpoints", "")]
    [InlineData("POST", "/api/v1/services/orders/endpoints", "{}")]
    [InlineData("POST", "/api/v1/services/orders/instances/orders-1", "{}")]
    [InlineData("PUT", "/api/v1/services/beats/instances/b-1/heartbeat", "{}")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?index=x", "")]
    [InlineData("GET", "/api/v1/services/a/b/endpoints", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?wait=1ms&index=5", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?index=1000000&wait=10m", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?index=%30&wait=%31ms", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?Index=0", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?index=0&index=1", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?index=0&wait=1+m", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?index=0&", "")]
    [InlineData("GET", "/api/v1/services/orders/endpoints?wat=1s", "")]
    [InlineData("GET", "/api/v1/services/absent/endpoints?index=0&wait=1ms", "")]
    [InlineData("POST", "/api/v1/services/beats/instances/b-1/heartbeat", "")]
    [InlineData("POST", "/api/v1/services/beats/instances/b-1/heartbeat", "{}")]
    [InlineData("POST", "/api/v1/services/beats/instances/b-1/heartbeat", """{"status":"warning"}""")]
    [InlineData("POST", "/api/v1/services/beats/instances/b-1/heartbeat", """{"status":"critical","output":"disk"}""")]
    [InlineData("POST", "/api/v1/services/beats/instances/b-1/heartbeat", """{"status":"fine"}""")]
    [InlineData("POST", "/api/v1/services/beats/instances/b-1/heartbeat", """{"status":"passing","status":"passing"}""")]
    [InlineData("POST", "/api/v1/services/beats/instances/absent/heartbeat", "{}")]
    public async Task WhateverIsAsked_IsAnsweredAlike(string method, string path, string body) =>
        Assert.Equal(await AskAsync(_whole, new(method), path, body), await AskAsync(_express, new(method), path, body));

    [Fact]
    public async Task AQuery_IsAnsweredAlike_HoweverItIsWritten()
    {
        string[] queries =
        [
            "orders/endpoints?index=0", "orders/endpoints?index=0&wait=30s", "orders/endpoints?wait=10ms&index=999999", "orders/endpoints?index=%30", "orders/endpoints?index=0&index=0",
            "orders/endpoints?index=0&wait=11m", "orders/endpoints?index=0&wait=-1s", "orders/endpoints?index=&wait=", "orders/endpoints?", "orders/endpoints?&",
            "orders/endpoints?index=0&wait=1ms&wait=2ms", "orders/endpoints?colour=red&index=0", "absent/endpoints?index=0&wait=10ms",
        ];
        foreach (var query in queries)
            Assert.Equal(await AskAsync(_whole, HttpMethod.Get, "/api/v1/services/" + query, ""), await AskAsync(_express, HttpMethod.Get, "/api/v1/services/" + query, ""));
    }

    [Theory]
    [InlineData("X-Mesh-Client", "edge-1")]
    [InlineData("X-Mesh-Client", "not a name")]
    [InlineData("X-Mesh-Client", "")]
    [InlineData("X-Mesh-Kind", "gateway")]
    [InlineData("X-Mesh-Kind", "nonsense")]
    public async Task WhoeverAsks_IsAnsweredAlike_AndKnownAlike(string header, string value)
    {
        Assert.Equal(await AskAsync(_whole, HttpMethod.Get, "/api/v1/services/orders/endpoints", "", (header, value)), await AskAsync(_express, HttpMethod.Get, "/api/v1/services/orders/endpoints", "", (header, value)));
        Assert.Equal(_whole.Followers.Current.Select(follower => (follower.Id, follower.Kind)), _express.Followers.Current.Select(follower => (follower.Id, follower.Kind)));
    }

    [Fact]
    public async Task WhatIsNotToldYet_IsWaitedForOnTheWholeWay()
    {
        await _express.Services.GetServices<IHostedService>().OfType<RegistryServingSource>().Single().StopAsync(TestContext.Current.CancellationToken);
        await AskAsync(_express, HttpMethod.Get, "/api/v1/services/orders/endpoints", "");
        Assert.Empty(_whoGoesOn);

        _whole.Do(new DrainInstance(new("orders", "orders-2")));
        await AskAsync(_express, HttpMethod.Get, "/api/v1/services/orders/endpoints", "");

        Assert.Single(_whoGoesOn);
    }

    [Fact]
    public async Task WhoWaits_IsToldOfTheChangeOnTheShortWayToo()
    {
        var known = _registry.Current.Revision;
        var waiters = _express.Services.GetRequiredService<EndpointWaiters>();
        var waiting = AskAsync(_express, HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={known}&wait=10m", "");
        await Eventually.TrueAsync(() => Task.FromResult(waiters.Waiting == 1), TimeSpan.FromSeconds(60), () => "it waits", TestContext.Current.CancellationToken);
        Assert.Equal((1, 1), (_signIn.Asked, _signIn.SignedIn));

        _whole.Do(new DrainInstance(new("orders", "orders-2")));

        var told = await waiting;
        Assert.Equal(await AskAsync(_whole, HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={known}&wait=10m", ""), told);
        Assert.Contains("draining", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheShortWay_IsTakenBySignedInPrograms_AndByNobodyElse()
    {
        await AskAsync(_express, HttpMethod.Get, "/api/v1/services/orders/endpoints", "");
        Assert.Equal((1, 1), (_signIn.Asked, _signIn.SignedIn));

        _signIn.Refuses = true;
        var answer = await AskAsync(_express, HttpMethod.Put, "/api/v1/services/other/instances/i-1", """{"address":"10.1.0.1","port":80}""");

        // Refused here, it went the whole way, where this host asks nobody to sign in.
        Assert.StartsWith("201", answer, StringComparison.Ordinal);
        Assert.Equal((2, 1), (_signIn.Asked, _signIn.SignedIn));
    }

    [Fact]
    public async Task WhatIsAnsweredOnTheShortWay_BearsItsRoutesName_AndWhoGoesOnIsNobodyYet()
    {
        await AskAsync(_express, HttpMethod.Get, "/api/v1/services/orders/endpoints", "");
        await AskAsync(_express, HttpMethod.Put, "/api/v1/services/new/instances/i-1", """{"address":"10.1.0.1","port":80}""");
        Assert.Equal(["/api/v1/services/{service}/endpoints", "/api/v1/services/{service}/instances/{instance}/"], _routes);
        Assert.Empty(_whoGoesOn);

        await AskAsync(_express, HttpMethod.Get, "/api/v1/services/absent/endpoints", "");

        Assert.Equal((3, 3), (_signIn.Asked, _signIn.SignedIn));
        Assert.False(Assert.Single(_whoGoesOn).HasClaim(claim => claim.Type == ClaimTypes.Name));
    }

    [Theory]
    [InlineData("poller-1")]
    [InlineData(null)]
    public async Task AWaitingQuery_OnTheShortWay_IsWokenByItsServiceAlone_AndItsNameIsKnown(string? name)
    {
        using var waiting = Wait(_express, name, CancellationToken.None, out var head);
        await WaitingAsync(_express, 1);
        _whole.Seed("cart", 1);
        await _express.PublishedAsync();
        Assert.Equal(1, Waiting(_express));
        Assert.False(waiting.IsCompleted);

        _whole.Do(new DrainInstance(new("orders", "orders-1")));
        using var answer = await waiting.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(2, (await ApiHost.BodyAsync(answer)).GetProperty("endpoints").GetArrayLength());
        Assert.Equal(0, Waiting(_express));
        Assert.Equal((1, 1), (_signIn.Asked, _signIn.SignedIn));
        Assert.Empty(_whoGoesOn);
        Assert.Equal(name is null ? null : head, _express.Followers.Find("poller-1")?.AcknowledgedOf("orders", _registry.Current.Generation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AWaitingClientThatGoes_LeavesNothingBehind(bool express)
    {
        var host = express ? _express : _whole;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var waiting = Wait(host, null, gone.Token, out _);
        await WaitingAsync(host, 1);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await WaitingAsync(host, 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhenTheConsoleStops_WhoWaitsIsToldWhatHolds(bool express)
    {
        var host = express ? _express : _whole;
        using var waiting = Wait(host, null, TestContext.Current.CancellationToken, out var head);
        await WaitingAsync(host, 1);

        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        using var answer = await waiting.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal($"{head}", answer.Headers.GetValues("X-Registry-Revision").Single());
    }

    // What is before the short way and what is behind it, as in the whole program.
    private void Watch(WebApplication app)
    {
        app.Use(async (http, next) =>
        {
            await next(http);
            _routes.Enqueue((http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);
        });
        app.UseExpress();
        app.Use((http, next) =>
        {
            _whoGoesOn.Enqueue(http.User);
            return next(http);
        });
        app.UseRouting();
    }

    private Task<HttpResponseMessage> Wait(ApiHost host, string? name, CancellationToken cancellationToken, out long head)
    {
        head = _registry.Current.Revision;
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/services/orders/endpoints?index={head}&wait=10m");
        if (name is not null)
            request.Headers.Add("X-Mesh-Client", name);
        return host.Client.SendAsync(request, cancellationToken);
    }

    private static int Waiting(ApiHost host) => host.Services.GetRequiredService<EndpointWaiters>().Waiting;

    private static Task WaitingAsync(ApiHost host, int count) =>
        Eventually.TrueAsync(() => Waiting(host) == count, TimeSpan.FromSeconds(60), $"{count} wait", TestContext.Current.CancellationToken);

    /// <summary>Status, headers and body, but for what differs from one answer to the next.</summary>
    private static async Task<string> AskAsync(ApiHost host, HttpMethod method, string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body.Length == 0 ? null : new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        foreach (var (header, value) in headers)
            request.Headers.TryAddWithoutValidation(header, value);
        using var response = await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = new StringBuilder().Append((int)response.StatusCode).Append('\n');
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers).OrderBy(header => header.Key, StringComparer.Ordinal))
        {
            if (name is not ("Date" or "Transfer-Encoding" or "Content-Length" or "Server"))
            {
                text.Append(name).Append(": ").AppendJoin(',', values).Append('\n');
            }
        }

        var content = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return System.Text.RegularExpressions.Regex.Replace(text.Append(content).ToString(), @"""(revision|traceId)"":(""[^""]*""|\d+)", @"""$1"":0");
    }

    private sealed class CountingSignIn : IExpressSignIn
    {
        private static readonly ClaimsPrincipal Program = new(new ClaimsIdentity([new Claim(ClaimTypes.Name, "program")], "test"));

        public int Asked { get; private set; }

        public int SignedIn { get; private set; }

        public bool Refuses { get; set; }

        public ClaimsPrincipal? SignIn(HttpRequest request)
        {
            Asked++;
            SignedIn += Refuses ? 0 : 1;
            return Refuses ? null : Program;
        }
    }
}
