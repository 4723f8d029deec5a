using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Dashboard.Web.Discovery.Xds;
using Grpc.Net.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Tests.Wire.Xds;

/// <summary>The product's xDS server on a port of its own, over a registry in memory.</summary>
internal sealed class XdsServer : IAsyncDisposable
{
    public const string Token = "xds-test-token";

    private readonly ServiceProvider _services;
    private readonly IHostedService[] _hosted;

    private XdsServer(ServiceProvider services)
    {
        _services = services;
        _hosted = [.. services.GetServices<IHostedService>()];
    }

    public IRegistry Registry => _services.GetRequiredService<IRegistry>();

    public FollowerTable Followers => _services.GetRequiredService<FollowerTable>();

    public TrafficStore Traffic => _services.GetRequiredService<TrafficStore>();

    public Uri Url => new(_services.GetRequiredService<XdsHost>().Urls[0]);

    public string Target => $"{Url.Host}:{Url.Port}";

    public static Task<XdsServer> StartAsync(params (string Key, string Value)[] settings) =>
        StartAsync(services => services.AddSingleton<IRegistry>(new InMemoryRegistry(TimeProvider.System)), settings);

    /// <summary>Starts it over another registry.</summary>
    public static async Task<XdsServer> StartAsync(Func<IServiceCollection, IServiceCollection> registry, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Xds:Url", "http://127.0.0.1:0")])
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        var services = registry(new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning))
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IHostApplicationLifetime, NoLifetime>())
            .AddSingleton<TrafficStore>()
            .AddDiscovery()
            .AddXds(configuration, _ => token => token == Token)
            .BuildServiceProvider();
        var server = new XdsServer(services);
        foreach (var hosted in server._hosted)
            await hosted.StartAsync(CancellationToken.None);

        return server;
    }

    public GrpcChannel Connect() => GrpcChannel.ForAddress(Url);

    /// <summary>Registers instances that need no check; ids are service-1, service-2, ...</summary>
    public void Register(string service, params (string Address, int Port, int Weight)[] instances)
    {
        Do(new PutService(service, ServiceSettings.Default with { Protocol = ServiceProtocol.Grpc, Check = new() { Kind = CheckKind.None }, MinEligiblePercent = 0 }));
        for (var i = 0; i < instances.Length; i++)
            Add(service, $"{service}-{i + 1}", instances[i].Address, instances[i].Port, instances[i].Weight);
    }

    public void Add(string service, string id, string address, int port, int weight = 100) =>
        Do(new RegisterInstance(new(service, id), new() { Address = address, Port = port, Weight = weight, Zone = "zone-a" }));

    public void Weigh(string service, string id, int weight) => Do(new SetWeights(service, ImmutableSortedDictionary<string, int?>.Empty.Add(id, weight)) { Reason = "test" });

    public void Do(RegistryCommand command)
    {
        var result = ((InMemoryRegistry)Registry).Execute(command, new("test", ActorKind.Operator));
        if (result is CommandResult.Refused refused)
            throw new InvalidOperationException(refused.Refusal.ToString());

        // Who connects after this finds it.
        var index = _services.GetRequiredService<Dashboard.Core.Discovery.Xds.XdsIndex>();
        Assert.True(SpinWait.SpinUntil(() => index.Revision >= Registry.Current.Revision, TimeSpan.FromSeconds(60)), "the index follows the registry");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var hosted in _hosted.Reverse())
            await hosted.StopAsync(CancellationToken.None);

        await _services.DisposeAsync();
    }

    private sealed class NoLifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => CancellationToken.None;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication()
        {
        }
    }
}
