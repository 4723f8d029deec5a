using System.Net.Http.Json;
using System.Text.Json;

namespace Dashboard.Tests.Support;

/// <summary>
/// One console with services of trusted instances, shared by the journeys of a class: each journey has a service and hosts of its own, so that none sees another's acts. Instance <c>x-1</c> runs on
/// host <c>x-host-1</c>.
/// </summary>
public sealed class MeshFixture : IAsyncLifetime
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Backend _held = null!;

    public ConsoleProcess Console { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var cancelled = TestContext.Current.CancellationToken;
        Console = await ConsoleProcess.StartAsync([], cancelled);
        _held = await Backend.StartAsync("held-1", context => _released.Task.WaitAsync(context.RequestAborted));
        foreach (var (service, instances) in new[] { ("tapped", 3), ("typed", 3), ("guarded", 1), ("contested", 3), ("held", 3) })
            await RegisterAsync(service, instances, cancelled);
    }

    /// <summary>Begins a request through the gateway that <c>held-1</c> answers only when told to.</summary>
    public async Task<Task<HttpResponseMessage>> HoldAsync(CancellationToken cancelled)
    {
        // Until it is held-1's turn the others refuse the connection, and the gateway goes on to the next.
        var open = Console.Client.SendAsync(new(HttpMethod.Get, Console.GatewayUrl) { Headers = { Host = "held.localhost" } }, cancelled);
        await Eventually.TrueAsync(() => _held.Requests > 0, TimeSpan.FromSeconds(60), "the request is in flight", cancelled);
        return open;
    }

    public void Release() => _released.TrySetResult();

    /// <summary>Another operator, by the API.</summary>
    public async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancelled)
    {
        using var answer = await Console.Client.PostAsJsonAsync(path, body, cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancelled));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(cancelled);
    }

    public async Task<string?> IntentAsync(string id, CancellationToken cancelled) =>
        (await Console.Client.GetFromJsonAsync<JsonElement>($"/api/v1/services/{id[..id.LastIndexOf('-')]}/instances/{id}", cancelled)).GetProperty("intent").GetProperty("kind").GetString();

    public async ValueTask DisposeAsync()
    {
        Release();
        if (Console is not null)
            await Console.DisposeAsync();
        if (_held is not null)
            await _held.DisposeAsync();
    }

    private async Task RegisterAsync(string service, int instances, CancellationToken cancelled)
    {
        using var settings = await Console.Client.PutAsJsonAsync($"/api/v1/services/{service}", new { check = new { kind = "none" }, minEligible = 1, minEligiblePercent = 0 }, cancelled);
        settings.EnsureSuccessStatusCode();
        for (var number = 1; number <= instances; number++)
        {
            using var instance = await Console.Client.PutAsJsonAsync(
                $"/api/v1/services/{service}/instances/{service}-{number}",
                new { address = "127.0.0.1", port = service == "held" && number == 1 ? _held.Port : FreePort.Tcp(), zone = "zone-a", node = $"{service}-host-{number}" },
                cancelled);
            instance.EnsureSuccessStatusCode();
        }
    }
}
