using System.Net.Http.Json;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.Xds;

[Collection(WaitingPrograms.Name)]
public sealed class ConsoleRestartTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_grpc_client_notices_neither_the_consoles_death_nor_its_return_and_follows_it_again()
    {
        var directory = Directory.CreateTempSubdirectory("dashboard-xds-restart-").FullName;
        var ports = ConsolePorts.Free();
        var xds = FreePort.Tcp();
        string[] arguments = [$"--Xds:Url=http://127.0.0.1:{xds}"];
        var console = await ConsoleProcess.StartAsync(arguments, Cancelled, directory, ports);
        try
        {
            await using var first = await GrpcJsTests.BackendAsync("orders-1");
            await using var second = await GrpcJsTests.BackendAsync("orders-2");
            await PutAsync(console, "/api/v1/services/orders", new { protocol = "grpc", check = new { kind = "none" } });
            await PutAsync(console, "/api/v1/services/orders/instances/orders-1", new { address = "127.0.0.1", port = first.Port });
            await using var client = GrpcJsClient.Start($"127.0.0.1:{xds}", "orders");
            Assert.Equal(new CallCounts(10, 0, null), await client.CallAsync(10, Cancelled));
            await client.StartLoadAsync(Cancelled);

            await console.KillAsync(Cancelled);
            var before = first.Requests;
            await Eventually.TrueAsync(() => first.Requests > before + 100, Patience, "it goes on calling while there is no console", Cancelled);
            await console.DisposeAsync();
            console = await ConsoleProcess.StartAsync(arguments, Cancelled, directory, ports);
            await PutAsync(console, "/api/v1/services/orders/instances/orders-2", new { address = "127.0.0.1", port = second.Port });

            await Eventually.TrueAsync(() => second.Requests > 0, Patience, "it calls what was registered with the new console", Cancelled);
            var load = await client.StopLoadAsync(Cancelled);
            TestContext.Current.TestOutputHelper!.WriteLine($"{load.Ok} calls across the console's death and return, {load.Failed} failed {load.First}");
            Assert.Equal((0, null), (load.Failed, load.First));
            using var answer = await console.Client.GetAsync(new Uri("/api/v1/subscribers", UriKind.Relative), Cancelled);
            Assert.Contains("web-1", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }
        finally
        {
            await console.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task PutAsync(ConsoleProcess console, string path, object body)
    {
        using var answer = await console.Client.PutAsJsonAsync(new Uri(path, UriKind.Relative), body, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }
}
