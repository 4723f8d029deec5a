using System.Globalization;
using System.Net;
using System.Text.Json;
using Dashboard.Core.Registry.Commands;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Api;

public sealed class HistoryApiTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task The_topology_and_the_traffic_of_a_moment_are_those_of_then()
    {
        var time = new FakeTimeProvider(Start);
        await using var host = await ApiHost.StartAsync(time);
        host.Seed("cart", 3);
        time.Advance(TimeSpan.FromMinutes(1));
        host.Do(new DrainInstance(new("cart", "cart-2")) { Reason = "r" });
        time.Advance(TimeSpan.FromMinutes(1));

        var then = await GetAsync(host, "/api/v1/topology?at=2026-11-23T09:00:30Z");
        Assert.Equal((3, "unknown"), (then.GetProperty("nodes")[0].GetProperty("serving").GetInt32(), then.GetProperty("grain").GetString()));
        // Nobody reported: what is unknown is not zero.
        Assert.Equal(JsonValueKind.Null, then.GetProperty("nodes")[0].GetProperty("rps").ValueKind);
        Assert.Equal(2, (await GetAsync(host, "/api/v1/topology")).GetProperty("nodes")[0].GetProperty("serving").GetInt32());

        var shares = (await GetAsync(host, "/api/v1/traffic/cart?at=2026-11-23T09:00:30Z")).GetProperty("instances").EnumerateArray().Select(instance => instance.GetProperty("intendedShare").GetDouble());
        Assert.All(shares, share => Assert.Equal(1.0 / 3, share, 3));

        var line = await GetAsync(host, "/api/v1/history/cart?from=2026-11-23T09:00:00Z&step=10s");
        Assert.Equal(10, line.GetProperty("stepSeconds").GetInt32());
        Assert.All(line.GetProperty("points").EnumerateArray(), point => Assert.Equal(JsonValueKind.Null, point.GetProperty("rps").ValueKind));
        Assert.Contains("instance.drain", line.GetProperty("marks").EnumerateArray().Select(mark => mark.GetProperty("action").GetString()));
        var whole = await GetAsync(host, "/api/v1/history");
        Assert.Equal("act", whole.GetProperty("marks").EnumerateArray().Single(mark => mark.GetProperty("action").GetString() == "instance.drain").GetProperty("kind").GetString());
        Assert.Contains("joined", whole.GetProperty("marks").EnumerateArray().Select(mark => mark.GetProperty("kind").GetString()));
        Assert.Equal(JsonValueKind.Null, whole.GetProperty("unaskedSince").ValueKind);
        Assert.Equal("2026-11-23T09:00:00", whole.GetProperty("oldest").GetDateTimeOffset().ToString("s", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("/api/v1/topology?at=2031-01-01T00:00:00Z", "query.at", "has not come yet")]
    [InlineData("/api/v1/topology?at=2001-01-01T00:00:00Z", "query.at", "is not known: the retained log begins")]
    [InlineData("/api/v1/topology?at=yesterday", "query.at", "must be a time with its zone")]
    [InlineData("/api/v1/traffic/cart?at=2026-11-23T09:00:00&window=99d", "query.at,query.window", "must be")]
    [InlineData("/api/v1/history/Cart?from=2026-11-23T09:10:00Z&to=2026-11-23T09:05:00Z&step=0s", "path.service,query.from,query.step,query.to", "must be")]
    [InlineData("/api/v1/history/cart?from=2026-01-01T00:00:00Z&to=2026-01-30T00:00:00Z&step=1s", "query.step", "at least 1260s is needed")]
    [InlineData("/api/v1/history/cart?to=2031-01-01T00:00:00Z", "query.to", "has not come yet")]
    public async Task Every_fault_is_named(string address, string paths, string message)
    {
        var time = new FakeTimeProvider(Start);
        await using var host = await ApiHost.StartAsync(time);
        host.Seed("cart", 1);
        time.Advance(TimeSpan.FromMinutes(1));

        using var answer = await host.Client.GetAsync(new Uri(address, UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var errors = problem.RootElement.GetProperty("errors").EnumerateArray().ToArray();
        Assert.Equal(paths.Split(','), errors.Select(error => error.GetProperty("path").GetString()).Order(StringComparer.Ordinal));
        Assert.Contains(errors, error => error.GetProperty("message").GetString()!.Contains(message, StringComparison.Ordinal));
    }

    private static async Task<JsonElement> GetAsync(ApiHost host, string address)
    {
        using var document = JsonDocument.Parse(await host.Client.GetStringAsync(new Uri(address, UriKind.Relative), TestContext.Current.CancellationToken));
        return document.RootElement.Clone();
    }
}
