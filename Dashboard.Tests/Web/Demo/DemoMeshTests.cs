using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Dashboard.Tests.Support;
using Dashboard.Web.Demo;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Web.Demo;

public sealed class DemoMeshTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeConsole _console = new();
    private readonly CancellationToken _cancelled = TestContext.Current.CancellationToken;
    private DemoMesh? _mesh;

    public async ValueTask DisposeAsync()
    {
        if (_mesh is not null)
            await _mesh.DisposeAsync();
        await _console.DisposeAsync();
    }

    [Fact]
    public async Task Start_RegistersAMeshOfManyServicesNodesAndZones_WithTheToken()
    {
        await StartAsync(load: 0);

        Assert.True(_console.Services.Count >= 8, $"{_console.Services.Count} services");
        Assert.True(_console.Instances.Count >= 24, $"{_console.Instances.Count} instances");
        Assert.Equal(6, Distinct("node"));
        Assert.Equal(3, Distinct("zone"));
        Assert.Equal(2, Distinct("version"));
        Assert.Equal(["grpc", "http", "tcp", "ttl"], _console.Services.Values.Select(CheckKind).Distinct().Order());
        Assert.All(_console.Authorizations, header => Assert.Equal("Bearer secret", header));

        int Distinct(string field) => _console.Instances.Values.Select(instance => instance.GetProperty(field).GetString()).Distinct().Count();
    }

    [Fact]
    public async Task Start_ConsoleAwayAtFirst_RegistersOnceItAnswers()
    {
        _console.Outage = 40;

        await StartAsync(load: 0);

        Assert.True(_console.Instances.Count >= 24);
    }

    [Fact]
    public async Task Start_ServiceIsKnown_LeavesItsSettingsAlone()
    {
        _console.Services["cart"] = JsonElement.Parse("""{"policy":"random"}""");

        await StartAsync(load: 0);

        Assert.Equal("random", _console.Services["cart"].GetProperty("policy").GetString());
    }

    [Fact]
    public async Task Heartbeat_InstanceIsNotKnown_RegistersAgain()
    {
        await StartAsync(load: 0);
        var lost = _console.Instances.Keys.First(key => CheckKind(_console.Services[key.Service]) == "ttl");
        Assert.True(_console.Instances[lost].GetProperty("ttlSeconds").GetInt32() > 0);

        Assert.True(_console.Instances.TryRemove(lost, out _));

        await EventuallyAsync(() => _console.Instances.ContainsKey(lost));
        Assert.True(_console.Heartbeats[lost] > 0);
    }

    [Fact]
    public async Task EveryInstance_AnswersTheCheckThatItsServiceAskedFor()
    {
        await StartAsync(load: 0);
        using var http = new HttpClient();

        foreach (var (key, instance) in _console.Instances)
        {
            var address = $"http://{instance.GetProperty("address").GetString()}:{instance.GetProperty("port").GetInt32()}";
            var check = _console.Services[key.Service].GetProperty("check");
            if (CheckKind(_console.Services[key.Service]) == "grpc")
            {
                using var channel = GrpcChannel.ForAddress(address);
                var answer = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest(), cancellationToken: _cancelled);
                Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, answer.Status);
            }
            else
            {
                var path = check.TryGetProperty("path", out var given) ? given.GetString() : "/healthz";
                using var answer = await http.GetAsync(address + path, _cancelled);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            }
        }
    }

    [Fact]
    public async Task Load_GoesThroughTheGatewayInChains_AndHoldsWebSockets()
    {
        await StartAsync(load: 2);

        (string, string)[] expected =
        [
            ("internet", "storefront"), ("internet", "notifications"), ("storefront", "catalog"), ("storefront", "recommendations"), ("storefront", "cart"),
            ("storefront", "checkout"), ("catalog", "inventory"), ("catalog", "search"), ("checkout", "cart"), ("checkout", "inventory"),
            ("checkout", "payments"), ("checkout", "shipping"),
        ];
        await EventuallyAsync(() => expected.All(_console.Edges.ContainsKey) && _console.Answers.GetValueOrDefault(("storefront", 200)) > 50);
        Assert.Equal(expected.Order(), _console.Edges.Keys.Order());
        Assert.DoesNotContain(_console.Answers.Keys, answer => answer.Service != "payments" && answer.Status >= 500);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dispose_LeavesTheRegistryOnlyWhenAskedTo(bool deregister)
    {
        await StartAsync(load: 1, deregister);
        var before = _console.Instances.Count;

        await _mesh!.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), _cancelled);

        Assert.Equal(deregister ? 0 : before, _console.Instances.Count);
        _mesh = null;
    }

    private async Task StartAsync(double load, bool deregister = false)
    {
        await _console.StartAsync();
        var options = new DemoOptions
        {
            ConsoleUrl = _console.Url,
            GatewayUrl = _console.Url,
            Suffix = FakeConsole.Suffix,
            Token = "secret",
            Load = load,
            DeregisterOnStop = deregister,
        };
        _mesh = await DemoMesh.StartAsync(options, TimeProvider.System, NullLogger<DemoMesh>.Instance, _cancelled);
        await _mesh.Registered.WaitAsync(Patience, _cancelled);
    }

    private static string? CheckKind(JsonElement service) =>
        service.TryGetProperty("check", out var check) ? check.GetProperty("kind").GetString() : null;

    private Task EventuallyAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string expectation = "") =>
        Eventually.TrueAsync(condition, Patience, expectation, _cancelled);
}
