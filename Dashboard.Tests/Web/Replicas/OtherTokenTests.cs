using System.Net;
using System.Text.Json;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Web.Replicas.ThreeConsoles;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>A console on the same Postgres that was given another admin token, or none.</summary>
[Collection(ThreeConsolesCollection.Name)]
public sealed class OtherTokenTests(ThreeConsoles three)
{
    private const string Other = "another-admin-token-0123456789abcdef";

    [Fact]
    public async Task A_console_with_another_admin_token_is_named_by_the_others_in_log_list_and_health()
    {
        await three.TogetherAsync();
        var (a, third) = (three.All[0], three.AdvertisedBy(Third));
        Assert.All(await ReplicasAsync(a), replica => Assert.True(replica.GetProperty("sameToken").GetBoolean()));
        Assert.Equal(JsonValueKind.Null, (await ReadAsync(a, "/health/ready")).GetProperty("problem").ValueKind);

        await three.RestartThirdAsync($"--Auth:AdminToken={Other}");

        await three.UntilAsync(
            async () => (await ReplicasAsync(a)).Any(replica => replica.GetProperty("url").GetString() == third && replica.GetProperty("sameToken") is { ValueKind: JsonValueKind.False }), "the list names it");
        Assert.All(await ReplicasAsync(a), replica => Assert.True(replica.GetProperty("url").GetString() == third || replica.GetProperty("sameToken").GetBoolean()));
        Assert.Contains("Auth:AdminToken", (await ReadAsync(a, "/health/ready")).GetProperty("problem").GetString(), StringComparison.Ordinal);
        // What one lets in the other refuses, which is what the message is about.
        using var refused = await three.All[Third].Client.GetAsync(new Uri("/api/v1/services", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var said = await a.SaysAsync("has another admin token than this one", TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Contains(third, said, StringComparison.Ordinal);
        await three.All[Third].SaysAsync("has another admin token than this one", TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Other, a.Output + three.All[Third].Output, StringComparison.Ordinal);

        await three.RestartThirdAsync();
        await three.TogetherAsync();
        await three.UntilAsync(async () => (await ReadAsync(a, "/health/ready")).GetProperty("problem").ValueKind == JsonValueKind.Null, "nothing is wrong any more");
    }

    private static async Task<JsonElement[]> ReplicasAsync(ConsoleProcess console) => [.. (await ReadAsync(console, "/api/v1/replicas")).GetProperty("replicas").EnumerateArray().Where(replica => replica.GetProperty("heard").GetBoolean())];
}
