using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web.Api;
using Dashboard.Web.Discovery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Discovery;

public sealed class WatchStreamTests : IAsyncLifetime
{
    private ApiHost _host = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _host.Seed("orders", 3);
        _host.Seed("cart", 1);
        await _host.PublishedAsync();
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Open_GivesASnapshotThenChanges()
    {
        await using var reader = await WatchReader.OpenAsync(_host);
        var (name, snapshot) = (await reader.NextAsync())!.Value;
        Assert.Equal("snapshot", name);
        Assert.Equal(["cart", "orders"], Names(snapshot.GetProperty("services")));

        _host.Do(new DrainInstance(new("orders", "orders-1")));

        var (next, change) = (await reader.NextAsync())!.Value;
        Assert.Equal("change", next);
        Assert.Equal(["orders"], Names(change.GetProperty("changed")));
        Assert.Equal(2, change.GetProperty("changed")[0].GetProperty("endpoints").GetArrayLength());
        Assert.Equal(_host.Registry.Current.Revision, change.GetProperty("revision").GetInt64());
    }

    [Fact]
    public async Task Change_OfAnotherService_IsSentEmptySoThatItCanBeAcknowledged()
    {
        await using var reader = await WatchReader.OpenAsync(_host, "?services=cart");
        Assert.Equal(["cart"], Names((await reader.NextAsync())!.Value.Data.GetProperty("services")));

        _host.Do(new DrainInstance(new("orders", "orders-1")));

        var change = (await reader.NextAsync())!.Value.Data;
        Assert.Empty(Names(change.GetProperty("changed")));
        Assert.Equal(_host.Registry.Current.Revision, change.GetProperty("revision").GetInt64());
    }

    [Fact]
    public async Task Changes_OfOtherServices_WaitForOneOfTheFollowedOrForTheirTime()
    {
        var time = new FakeTimeProvider();
        await using var host = await StartAsync(time);
        await using var reader = await WatchReader.OpenAsync(host, "?services=cart");
        await reader.NextAsync();

        host.Do(new DrainInstance(new("orders", "orders-1")));
        await host.PublishedAsync();
        host.Do(new RegisterInstance(new("cart", "cart-1"), new() { Address = "10.0.0.1", Port = 8001, Node = "n1", Zone = "zone-1", Weight = 50 }));
        var own = (await reader.NextAsync())!.Value.Data;
        Assert.Equal(["cart"], Names(own.GetProperty("changed")));

        host.Do(new UndrainInstance(new("orders", "orders-1")));
        await host.PublishedAsync();
        var next = reader.NextAsync();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(2));
                return next.IsCompleted;
            },
            TimeSpan.FromSeconds(60), "the other service's change is told", Cancelled);
        var other = (await next)!.Value.Data;
        Assert.Empty(Names(other.GetProperty("changed")));
        Assert.Equal(host.Registry.Current.Revision, other.GetProperty("revision").GetInt64());
    }

    [Fact]
    public async Task Changes_OfOtherServices_AreToldWithinTwoSecondsOfTheFirst_AndEachStreamAtAMomentOfItsOwn()
    {
        var time = new TimeOfWaits();
        await using var host = await StartAsync(time);
        await using var one = await WatchReader.OpenAsync(host, "?services=cart");
        await using var two = await WatchReader.OpenAsync(host, "?services=cart");
        await one.NextAsync();
        await two.NextAsync();
        await time.AskedAsync(2, wait => wait > TimeSpan.FromSeconds(2));

        host.Do(new DrainInstance(new("orders", "orders-1")));
        var first = await time.AskedAsync(2, IsShort);
        Assert.NotEqual(first[0], first[1]);
        Assert.All(first, wait => Assert.InRange(wait, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));

        // One more does not put off what waits already.
        time.Advance(TimeSpan.FromMilliseconds(400));
        host.Do(new UndrainInstance(new("orders", "orders-1")));
        var later = await time.AskedAsync(2, IsShort);
        Assert.Equal(first.Select(wait => wait - TimeSpan.FromMilliseconds(400)).Order(), later.Order());

        time.Advance(TimeSpan.FromMilliseconds(1600));
        foreach (var reader in new[] { one, two })
        {
            var told = (await reader.NextAsync())!.Value.Data;
            Assert.Empty(Names(told.GetProperty("changed")));
            Assert.Equal(host.Registry.Current.Revision, told.GetProperty("revision").GetInt64());
        }

        // Then there is nothing to tell again, also after a change of what is followed.
        await time.AskedAsync(2, wait => wait > TimeSpan.FromSeconds(2));
        host.Do(new DrainInstance(new("orders", "orders-1")));
        await time.AskedAsync(2, IsShort);
        host.Do(new RegisterInstance(new("cart", "cart-1"), new() { Address = "10.0.0.1", Port = 8001, Node = "n1", Zone = "zone-1", Weight = 50 }));
        await time.AskedAsync(2, wait => wait > TimeSpan.FromSeconds(2));
        Assert.Equal(["cart"], Names((await one.NextAsync())!.Value.Data.GetProperty("changed")));

        static bool IsShort(TimeSpan wait) => wait <= TimeSpan.FromSeconds(2);
    }

    [Fact]
    public async Task ThatTheRegistryIsAway_IsToldAtOnce_WithAChangeOfAnotherService()
    {
        await using var host = await StartAsync(new FakeTimeProvider());
        await using var reader = await WatchReader.OpenAsync(host, "?services=cart");
        await reader.NextAsync();

        host.Registry.TakeAway();
        host.Registry.Execute(new RecordHealth("orders", [new(new("orders", "orders-1"), new(HealthStatus.Unhealthy, host.Registry.Current.At, "gone", 3))]), Actor.System("test"));

        var told = (await reader.NextAsync())!.Value.Data;
        Assert.Empty(Names(told.GetProperty("changed")));
        Assert.Equal(JsonValueKind.String, told.GetProperty("staleSince").ValueKind);
    }

    [Fact]
    public async Task Resume_GivesOnlyWhatChangedSince()
    {
        string id;
        await using (var reader = await WatchReader.OpenAsync(_host))
        {
            await reader.NextAsync();
            id = reader.LastId;
        }

        _host.Do(new SetWeights("orders", Weights(("orders-1", 7))));
        _host.Do(new DeleteService("cart"));
        await _host.PublishedAsync();

        await using var again = await WatchReader.OpenAsync(_host, lastId: id);
        var (name, change) = (await again.NextAsync())!.Value;
        Assert.Equal("change", name);
        Assert.Equal(["orders"], Names(change.GetProperty("changed")));
        Assert.Equal(["cart"], change.GetProperty("removed").EnumerateArray().Select(removed => removed.GetString()));
    }

    [Theory]
    [InlineData("7b0d3b6c8f3f4c0a9d6e1f2a3b4c5d6e.1.0")]
    [InlineData("nonsense")]
    [InlineData("head+1")]
    public async Task Resume_FromWhatTheRegistryNeverWas_GetsASnapshot(string id)
    {
        if (id == "head+1")
            id = $"{_host.Registry.Current.Generation:N}.{_host.Registry.Current.Revision + 1}.0";

        await using var reader = await WatchReader.OpenAsync(_host, lastId: id);

        Assert.Equal("snapshot", (await reader.NextAsync())!.Value.Name);
    }

    [Fact]
    public async Task Restore_SendsASnapshotOfTheNewGeneration()
    {
        await using var reader = await WatchReader.OpenAsync(_host);
        await reader.NextAsync();

        _host.Registry.Restore(RegistrySnapshot.Load(Guid.NewGuid(), 1, _host.Registry.Current.At, [new ServiceChange("orders", null, new(ServiceSettings.Default, 1))]));

        var (name, snapshot) = (await reader.NextAsync())!.Value;
        Assert.Equal("snapshot", name);
        Assert.Equal(_host.Registry.Current.Generation, snapshot.GetProperty("generation").GetGuid());
    }

    [Fact]
    public async Task NotLoadedYet_SaysNothing_RatherThanThatNobodyIsThere()
    {
        _host.Services.GetRequiredService<RegistryServingSource>().Feed.Reset(ServingCatalog.Empty);
        await using var reader = await WatchReader.OpenAsync(_host);
        var first = reader.NextAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _host.SendAsync(HttpMethod.Get, "/api/v1/services/orders/endpoints")).StatusCode);

        _host.Do(new SetWeights("orders", Weights(("orders-1", 7))));

        var (name, snapshot) = (await first)!.Value;
        Assert.Equal("snapshot", name);
        Assert.Equal(_host.Registry.Current.Generation, snapshot.GetProperty("generation").GetGuid());
    }

    [Fact]
    public async Task Events_HoldWhatTheProtocolSays()
    {
        await using var reader = await WatchReader.OpenAsync(_host);
        var snapshot = JsonSerializer.Deserialize((await reader.NextAsync())!.Value.Data, DiscoveryJson.Default.WatchSnapshotDocument)!;
        var source = _host.Services.GetRequiredService<IServingSource>();
        Assert.Equivalent(WatchProtocol.Snapshot(source.Feed.Current, null), snapshot, strict: true);

        _host.Do(new DeleteService("cart"));

        var change = JsonSerializer.Deserialize((await reader.NextAsync())!.Value.Data, DiscoveryJson.Default.WatchChangeDocument)!;
        Assert.Equal(["cart"], change.Removed);
        Assert.Empty(change.Changed);
        Assert.Equal(_host.Registry.Current.Revision, change.Revision);
    }

    [Fact]
    public async Task Follower_IsConnectedWhileItsStreamIsOpenAndKnownAfterwards()
    {
        await using (var reader = await WatchReader.OpenAsync(_host, client: "gateway-1", gateway: true))
        {
            await reader.NextAsync();
            var follower = _host.Followers.Find("gateway-1")!;
            Assert.True(follower is { Kind: FollowerKind.Gateway, Connected: true, Reports: true, Services: null });
        }

        await Eventually.TrueAsync(() => _host.Followers.Find("gateway-1") is { Connected: false }, TimeSpan.FromSeconds(60), "it is seen to have gone", Cancelled);
    }

    [Fact]
    public async Task Acknowledge_MovesTheFollowersRevision()
    {
        await using var reader = await WatchReader.OpenAsync(_host, client: "gateway-1", gateway: true);
        await reader.NextAsync();
        _host.Do(new SetWeights("orders", Weights(("orders-1", 7))));
        await _host.PublishedAsync();

        Assert.NotEqual(0, (await SubscriberAsync("gateway-1")).GetProperty("lag").GetInt64());
        var head = _host.Registry.Current.Revision;
        var response = await AckAsync("gateway-1", _host.Registry.Current.Generation, head);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        var subscriber = await SubscriberAsync("gateway-1");
        Assert.Equal(head, subscriber.GetProperty("acknowledged").GetInt64());
        Assert.Equal(0, subscriber.GetProperty("lag").GetInt64());
    }

    [Fact]
    public async Task Acknowledge_OfWhatTheRegistryNeverWas_IsRefused()
    {
        await using var reader = await WatchReader.OpenAsync(_host, client: "gateway-1", gateway: true);
        await reader.NextAsync();

        Assert.Equal(HttpStatusCode.Conflict, (await AckAsync("gateway-1", _host.Registry.Current.Generation, _host.Registry.Current.Revision + 1)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await AckAsync("gateway-1", Guid.NewGuid(), 1)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await AckAsync("nobody", _host.Registry.Current.Generation, 1)).StatusCode);
        Assert.Equal(0, _host.Followers.Find("gateway-1")!.Acknowledged);
    }

    [Fact]
    public async Task Report_IsCountedOnce()
    {
        var report = $$"""
            {"reporter":"gateway-1","session":"{{Guid.NewGuid()}}","sequence":1,"periodMs":1000,"ageMs":2000,
             "rows":[{"source":"external","service":"orders","instance":"orders-1","requests":5,"completed":5,"failures":0,"latency":[]}],"inFlight":[]}
            """;

        Assert.Equal(HttpStatusCode.NoContent, (await _host.SendAsync(HttpMethod.Post, "/api/v1/reports", report)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _host.SendAsync(HttpMethod.Post, "/api/v1/reports", report)).StatusCode);
    }

    [Theory]
    [InlineData("""{"reporter":"g","session":"7b0d3b6c-8f3f-4c0a-9d6e-1f2a3b4c5d6e","sequence":0,"periodMs":0,"rows":[{"source":"","service":"a","instance":"b","requests":-1,"completed":0,"failures":0,"latency":[]}]}""", "/sequence,/periodMs,/rows/0/source,/rows/0/requests")]
    [InlineData("""{"reporter":"g","session":"x"}""", "/session,/sequence,/periodMs")]
    [InlineData("""{"rows":[{"requests":"many"}]}""", "/rows/0/requests,/reporter,/session,/sequence,/periodMs,/rows/0/source,/rows/0/service,/rows/0/instance")]
    [InlineData("""{"reporter":5,"session":"x","sequence":"a","periodMs":true,"ageMs":[],"rows":[{"source":1,"service":"a","instance":"b","requests":1.5,"completed":"q","failures":2,"latency":"n"},7],"inFlight":[{"service":"a","instance":"b","requests":"r","longLived":3}]}""", "/reporter,/session,/sequence,/periodMs,/ageMs,/rows/0/source,/rows/0/requests,/rows/0/completed,/rows/0/latency,/rows/1,/inFlight/0/requests")]
    [InlineData("""{"rows":{},"inFlight":7,"other":1}""", "/rows,/inFlight,/reporter,/session,/sequence,/periodMs,/other")]
    [InlineData("""[]""", "")]
    [InlineData("""{"reporter":5,"Reporter":6}""", "")]
    [InlineData("""{"reporter""", "")]
    [InlineData("""{"reporter":"g","session":"7b0d3b6c-8f3f-4c0a-9d6e-1f2a3b4c5d6e","sequence":1,"periodMs":1,"sequenze":1,"rows":[{"source":"a","service":"a","instance":"b","requests":1,"completed":0,"failures":0,"latency":[],"latencies":[]}],"inFlight":[{"service":"a","instance":"b","requests":1,"longLived":0,"open":2}]}""", "/sequenze,/rows/0/latencies,/inFlight/0/open")]
    [InlineData("""{"reporter":"g","session":"7b0d3b6c-8f3f-4c0a-9d6e-1f2a3b4c5d6e","sequence":1,"periodMs":1,"rows":[null],"inFlight":[null]}""", "/rows/0,/inFlight/0")]
    public async Task Report_Bad_NamesTheFaults(string body, string paths)
    {
        var response = await _host.SendAsync(HttpMethod.Post, "/api/v1/reports", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(paths.Split(','), (await ApiHost.BodyAsync(response)).GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("path").GetString()));
    }

    /// <summary>A host whose streams, and nothing else, follow a clock of the test's.</summary>
    private static async Task<ApiHost> StartAsync(TimeProvider time)
    {
        var host = await ApiHost.StartAsync(more: services => services.AddSingleton(provider => new WatchStream(
            provider.GetRequiredService<RegistryServingSource>(), provider.GetRequiredService<FollowerTable>(), provider.GetRequiredService<ServingBytes>(), provider.GetRequiredService<IHostApplicationLifetime>(), time)));
        host.Seed("orders", 3);
        host.Seed("cart", 1);
        await host.PublishedAsync();
        return host;
    }

    private static ImmutableSortedDictionary<string, int?> Weights(params (string Id, int? Weight)[] weights) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, weights.Select(weight => KeyValuePair.Create(weight.Id, weight.Weight)));

    private static string?[] Names(JsonElement sets) => [.. sets.EnumerateArray().Select(set => set.GetProperty("service").GetString())];

    private Task<HttpResponseMessage> AckAsync(string id, Guid generation, long revision) =>
        _host.SendAsync(HttpMethod.Post, $"/api/v1/subscribers/{id}/ack", $$"""{"generation":"{{generation}}","revision":{{revision}}}""");

    private async Task<JsonElement> SubscriberAsync(string id) =>
        (await _host.GetAsync("/api/v1/subscribers")).GetProperty("subscribers").EnumerateArray().Single(subscriber => subscriber.GetProperty("id").GetString() == id);

    /// <summary>A clock that tells how long it was asked to wait.</summary>
    private sealed class TimeOfWaits : FakeTimeProvider
    {
        private readonly ConcurrentQueue<TimeSpan> _asked = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _asked.Enqueue(dueTime);
            return timer;
        }

        /// <summary>Takes so many waits of a kind, as they come.</summary>
        public async Task<TimeSpan[]> AskedAsync(int count, Func<TimeSpan, bool> kind)
        {
            var taken = new List<TimeSpan>();
            await Eventually.TrueAsync(
                () =>
                {
                    while (taken.Count < count && _asked.TryDequeue(out var wait))
                        taken.AddRange(kind(wait) ? [wait] : []);
                    return taken.Count == count;
                },
                TimeSpan.FromSeconds(60), $"{count} streams wait", Cancelled);
            return [.. taken];
        }
    }
}
