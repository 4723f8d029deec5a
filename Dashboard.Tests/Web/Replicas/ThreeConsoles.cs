using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dashboard.Tests.Core.Postgres;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web.Replicas;

/// <summary>
/// Three real consoles on one Postgres, for the facts of several classes: each begins where all three are heard and share the health checks, and leaves them so. Whoever listens to one of them goes through a
/// line that can be cut, and the third's way to Postgres can be cut too.
/// </summary>
public sealed class ThreeConsoles(PostgresServer postgres) : IAsyncLifetime
{
    /// <summary>The one that is killed, paused and cut off.</summary>
    public const int Third = 2;

    public const double LeaseSeconds = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly ConsoleProcess[] _consoles = new ConsoleProcess[3];
    private readonly string[] _directories = [.. Enumerable.Range(0, 3).Select(_ => Directory.CreateTempSubdirectory("dashboard-three-").FullName)];
    private readonly ConsolePorts[] _ports = [.. Enumerable.Range(0, 3).Select(_ => ConsolePorts.Free())];
    private CutLine[] _lines = [];
    private CuttingProxy? _thirdsWay;

    public string Database { get; private set; } = "";

    public IReadOnlyList<ConsoleProcess> All => _consoles;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.CreateDatabaseAsync();
        _thirdsWay = new(Database);
        _lines = [.. _ports.Select(ports => new CutLine(ports.Console))];
        for (var number = 0; number < _consoles.Length; number++)
            _consoles[number] = Launch(number);
        await Task.WhenAll(_consoles.Select(console => console.ReadyAsync(TimeSpan.FromSeconds(180), Cancelled)));
    }

    /// <summary>Where the other consoles reach one of them.</summary>
    public string AdvertisedBy(int console) => _lines[console].Url.GetLeftPart(UriPartial.Authority);

    /// <summary>What listens to a console: other consoles, and nobody else.</summary>
    internal CutLine LineTo(int console) => _lines[console];

    /// <summary>The third's way to Postgres.</summary>
    internal CuttingProxy ThirdsWayToPostgres => _thirdsWay!;

    /// <summary>Ends the third by kill -9.</summary>
    public Task KillThirdAsync() => _consoles[Third].KillAsync(Cancelled);

    /// <summary>Starts the third again, on its own data directory, and waits until it is ready.</summary>
    public async Task RestartThirdAsync(params string[] arguments)
    {
        await _consoles[Third].DisposeAsync();
        _consoles[Third] = Launch(Third, arguments);
        await _consoles[Third].ReadyAsync(TimeSpan.FromSeconds(180), Cancelled);
    }

    /// <summary>Waits until each hears the others and holds a part of the health checks.</summary>
    public Task TogetherAsync() => UntilAsync(
        async () =>
        {
            foreach (var console in _consoles)
            {
                var replicas = (await ReadAsync(console, "/api/v1/replicas")).GetProperty("replicas").EnumerateArray().ToArray();
                if (replicas.Length != 3 || replicas.Sum(replica => replica.GetProperty("shares").GetInt32()) != 64 || !replicas.All(replica => replica.GetProperty("heard").GetBoolean() && replica.GetProperty("shares").GetInt32() > 0))
                    return false;
            }

            return true;
        },
        "each of the three hears the others and holds a part of the health checks");

    /// <summary>The epochs of the shares of the health checks, by share.</summary>
    public async Task<long[]> EpochsAsync() => (long[])(await RegistryStore.QueryAsync(Database, "select array_agg(epoch order by shard) from health_lease"))!;

    /// <summary>Registers an instance at a console, as often as a busy machine makes it ask; the service comes into being with these settings.</summary>
    public static async Task PutAsync(ConsoleProcess console, string service, object? settings, params (string Id, object Registration)[] instances)
    {
        if (settings is not null)
            await PutAsync($"/api/v1/services/{service}", settings);
        foreach (var (id, registration) in instances)
            await PutAsync($"/api/v1/services/{service}/instances/{id}", registration);

        async Task PutAsync(string path, object body)
        {
            (HttpStatusCode Status, JsonElement Document) answer = default;
            await Eventually.TrueAsync(
                async () => (answer = await AskAsync(console, HttpMethod.Put, path, body)).Status != HttpStatusCode.ServiceUnavailable, Patience, () => $"PUT {path} is taken, not {answer.Document}", Cancelled);
            Assert.True((int)answer.Status is >= 200 and < 300, $"PUT {path}: {(int)answer.Status} {answer.Document}");
        }
    }

    /// <summary>Sends what has to be accepted.</summary>
    public static async Task<JsonElement> SendAsync(ConsoleProcess console, HttpMethod method, string path, object body)
    {
        var (status, document) = await AskAsync(console, method, path, body);
        return (int)status is >= 200 and < 300 ? document : throw new InvalidOperationException($"{method} {path}: {(int)status} {document}");
    }

    /// <summary>Sends what may be refused.</summary>
    public static async Task<(HttpStatusCode Status, JsonElement Document)> AskAsync(ConsoleProcess console, HttpMethod method, string path, object body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        using var answer = await console.Client.SendAsync(request, Cancelled);
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        return (answer.StatusCode, text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text));
    }

    public static async Task<JsonElement> ReadAsync(ConsoleProcess console, string path)
    {
        using var answer = await console.Client.GetAsync(new Uri(path, UriKind.Relative), Cancelled);
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        return answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text) : throw new InvalidOperationException($"GET {path}: {(int)answer.StatusCode} {text}");
    }

    /// <summary>Ids and weights of what a console tells to serve.</summary>
    public static async Task<string> ServingAsync(ConsoleProcess console, string service) => string.Join(
        ' ', (await ReadAsync(console, $"/api/v1/services/{service}/endpoints")).GetProperty("endpoints").EnumerateArray().Select(endpoint => $"{endpoint.GetProperty("id")}={endpoint.GetProperty("weight")}"));

    public Task UntilAsync(Func<Task<bool>> condition, string what) =>
        Eventually.TrueAsync(condition, Patience, () => $"{what}; the consoles said:\n{string.Join("\n---\n", _consoles.Select(console => console.Output))}", Cancelled);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_consoles.Where(console => console is not null).Select(console => console.DisposeAsync().AsTask()));
        foreach (var line in _lines)
            await line.DisposeAsync();
        if (_thirdsWay is not null)
            await _thirdsWay.DisposeAsync();
        foreach (var directory in _directories)
            Directory.Delete(directory, recursive: true);
    }

    private ConsoleProcess Launch(int number, params string[] arguments) => ConsoleProcess.Launch(
        [
            $"--ConnectionStrings:Registry={(number == Third ? _thirdsWay!.ConnectionString : Database)}",
            $"--Replica:Url={AdvertisedBy(number)}",
            string.Create(CultureInfo.InvariantCulture, $"--Replica:LeaseSeconds={LeaseSeconds}"),
            .. arguments,
        ],
        _directories[number],
        _ports[number]);
}

/// <summary>Classes that share the three consoles: one after the other, after all tests that take the processor.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ThreeConsolesCollection : ICollectionFixture<ThreeConsoles>
{
    public const string Name = "Three consoles";
}
