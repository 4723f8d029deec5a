using System.Net.Http.Json;

namespace Dashboard.Tests.Benchmarks;

/// <summary>Puts the same instances into both registries, over HTTP, eight at a time.</summary>
internal static class CatalogLoad
{
    public static Task RegisterAsync(HttpClient own, string service, int instance, string build, CancellationToken cancellationToken) => PutAsync(
        own, $"/api/v1/services/{service}/instances/i-{instance}",
        new { address = Address(instance), port = 8080, zone = "zone-a", node = $"node-{instance % 200}", version = "v1", metadata = new { build } }, cancellationToken);

    public static Task RegisterInConsulAsync(HttpClient consul, string service, int instance, string build, CancellationToken cancellationToken) => PutAsync(
        consul, "/v1/catalog/register",
        new
        {
            Node = $"node-{instance % 200}",
            Address = $"10.9.0.{instance % 200}",
            Service = new { ID = $"i-{instance}", Service = service, Address = Address(instance), Port = 8080, Meta = new { zone = "zone-a", version = "v1", build } },
        },
        cancellationToken);

    /// <summary>Registers many; <paramref name="register"/> gets each number.</summary>
    public static Task AllAsync(int count, Func<int, Task> register, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (i, _) => await register(i));

    private static string Address(int instance) => $"10.{instance >> 16}.{instance >> 8 & 255}.{instance & 255}";

    private static async Task PutAsync<T>(HttpClient client, string path, T body, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body);
        // Known in length, as the clients of both send it.
        await content.LoadIntoBufferAsync(cancellationToken);
        using var answer = await client.PutAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
