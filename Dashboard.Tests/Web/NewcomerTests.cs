using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web;

/// <summary>What a newcomer does with the README's first command, as a process of its own.</summary>
[Collection(WaitingPrograms.Name)]
public sealed class NewcomerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Demo_FreshDataDirectory_ShowsRealRatesAndStopsLeavingNothingBehind()
    {
        var directory = Directory.CreateTempSubdirectory("dashboard-newcomer-").FullName;
        try
        {
            var started = Stopwatch.GetTimestamp();
            await using (var console = ConsoleProcess.Launch(["--demo"], directory))
            {
                await Eventually.TrueAsync(() => HasRatesAsync(console), TimeSpan.FromSeconds(60), () => $"eight services with rates; it said:\n{console.Output}", Cancelled);
                var shown = Stopwatch.GetElapsedTime(started);
                TestContext.Current.TestOutputHelper?.WriteLine("rates shown after {0:0.0} s", shown.TotalSeconds);
                await console.SaysAsync("/sign-in?", TimeSpan.FromSeconds(60), Cancelled);

                var second = ConsoleProcess.Launch([], directory);
                await using (second)
                {
                    await Eventually.TrueAsync(() => second.HasExited, TimeSpan.FromSeconds(60), "the second console refuses to start", Cancelled);
                    Assert.NotEqual(0, second.ExitCode);
                    Assert.Contains(console.Id.ToString(), second.Output, StringComparison.Ordinal);
                    Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);
                }

                var stopping = await console.InterruptAsync(Cancelled);
                TestContext.Current.TestOutputHelper?.WriteLine("stopped within {0:0.0} s", stopping.TotalSeconds);
                Assert.True(stopping < TimeSpan.FromSeconds(60), $"stopped after {stopping.TotalSeconds:0.0} s:\n{console.Output}");
                Assert.Equal(0, console.ExitCode);
                Assert.Empty(ProcessesOf(directory));
            }

            await using var again = await ConsoleProcess.StartAsync([], Cancelled, directory);
            var services = await again.Client.GetFromJsonAsync<JsonElement>("/api/v1/services", Cancelled);
            Assert.True(services.GetProperty("services").GetArrayLength() >= 8, services.ToString());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Console_KilledHard_StartsAgainOnItsData()
    {
        var directory = Directory.CreateTempSubdirectory("dashboard-killed-").FullName;
        try
        {
            await using (var console = await ConsoleProcess.StartAsync([], Cancelled, directory))
            {
                using var answer = await console.Client.PutAsJsonAsync("/api/v1/services/orders/instances/orders-1", new { address = "127.0.0.1", port = 9 }, Cancelled);
                answer.EnsureSuccessStatusCode();
                await console.KillAsync(Cancelled);
            }

            await using var again = await ConsoleProcess.StartAsync([], Cancelled, directory);
            var service = await again.Client.GetFromJsonAsync<JsonElement>("/api/v1/services/orders", Cancelled);
            Assert.Equal("orders", service.GetProperty("name").GetString());
            await again.InterruptAsync(Cancelled);
            Assert.Empty(ProcessesOf(directory));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<bool> HasRatesAsync(ConsoleProcess console)
    {
        try
        {
            var topology = await console.Client.GetFromJsonAsync<JsonElement>("/api/v1/topology", Cancelled);
            var busy = topology.GetProperty("nodes").EnumerateArray().Count(node => node.GetProperty("rps").GetDouble() > 0);
            return busy >= 8 && topology.GetProperty("edges").EnumerateArray().Any(edge => edge.GetProperty("rps").GetDouble() > 0);
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or JsonException)
        {
            return false;
        }
    }

    // The embedded Postgres runs from the data directory; nothing that does may be left.
    private static string[] ProcessesOf(string directory) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Where(process => int.TryParse(Path.GetFileName(process), out _))
            .Select(process =>
            {
                try
                {
                    return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
                }
                catch (IOException)
                {
                    return "";
                }
                catch (UnauthorizedAccessException)
                {
                    return "";
                }
            })
            .Where(command => command.Contains(directory, StringComparison.Ordinal)),
    ];
}
