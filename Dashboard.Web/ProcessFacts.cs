using System.Collections.Immutable;
using System.Reflection;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Postgres;
using Dashboard.Core.Replicas;
using Dashboard.Web.Console.Settings;
using Dashboard.Web.Discovery.Agent;
using Dashboard.Web.Discovery.Dns;
using Dashboard.Web.Discovery.Xds;
using Dashboard.Web.Gateway;
using Dashboard.Web.Replicas;
using Dashboard.Web.Security;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Dashboard.Web;

/// <summary>What this process was started with, for the settings page.</summary>
internal sealed class ProcessFacts(IServiceProvider services, string directory, bool embedded) : IConsoleFacts
{
    private static readonly string Version = typeof(ProcessFacts).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] is { Length: > 0 } version ? $"version {version}" : "";

    private readonly PostgresRegistryOptions _store = services.GetRequiredService<PostgresRegistryOptions>();

    public ConsoleFacts Read()
    {
        var consoles = ReplicaRollCall.Of(services.GetRequiredService<LeaseKeeper>(), services.GetRequiredService<ReplicaIntake>(), services.GetRequiredService<HealthShare>());
        return new()
        {
            Version = Version,
            Consoles = [.. consoles.Replicas.Select(replica => new ConsoleMember(replica.Id, replica.Url, replica.Self, replica.Heard, replica.SameToken, replica.Started, replica.Shares))],
            Shares = consoles.Shares,
            ReachesStore = consoles.ReachesStore,
            Listeners = Listeners(),
            Store = embedded ? $"the Postgres that this console brought along, in {directory}" : _store.Place,
            KeepsChanges = _store.Retention,
            KeepsTraffic = _store.TrafficRetention,
            TokenFile = services.GetRequiredService<AdminToken>().IsGenerated ? Path.Combine(directory, AdminToken.FileName) : null,
        };
    }

    private ImmutableArray<Listener> Listeners()
    {
        var gateway = services.GetRequiredService<GatewayStatus>();
        var suffix = services.GetRequiredService<IConfiguration>()["Gateway:Suffix"] ?? "localhost";
        return
        [
            new("Console and API", [.. services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []], "Urls"),
            new("Gateway", gateway.Urls, "Gateway:Url", $"{gateway.Id}; hosts like orders.{suffix}"),
            new("xDS", services.GetRequiredService<XdsHost>().Urls, "Xds:Url", "Envoy and gRPC, with their load reports"),
            new("DNS", [.. services.GetRequiredService<DnsServer>().Endpoints.Select(endpoint => endpoint.ToString())], "Dns:Endpoint", "UDP and TCP"),
            new("HAProxy's agent checks", [.. services.GetRequiredService<AgentServer>().Endpoints.Select(endpoint => endpoint.ToString())], "Agent:Endpoint"),
        ];
    }
}
