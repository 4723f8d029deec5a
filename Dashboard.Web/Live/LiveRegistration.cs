using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;

namespace Dashboard.Web.Live;

/// <summary>Adds the live hub and what feeds it.</summary>
public static class LiveRegistration
{
    /// <summary>Needs <c>IRegistry</c>, <c>TrafficStore</c>, <c>MeshHistory</c>, <c>Neighbourhoods</c> and <c>TimeProvider</c>.</summary>
    public static IServiceCollection AddLive(this IServiceCollection services)
    {
        services.AddSignalR().AddMessagePackProtocol().AddHubOptions<LiveHub>(options =>
        {
            options.SupportedProtocols = ["messagepack"];
            options.KeepAliveInterval = TimeSpan.FromSeconds(5);
            options.ClientTimeoutInterval = TimeSpan.FromSeconds(20);
            options.MaximumReceiveMessageSize = 4096;
        });
        services.AddSingleton<LiveViewers>();
        services.AddSingleton<HubLifetimeManager<LiveHub>>(provider => provider.GetRequiredService<LiveViewers>());
        services.AddSingleton<ChangeMarks>();
        services.AddSingleton<PastFrames>();
        services.AddSingleton<LiveStreams>();
        services.AddHostedService<LivePublisher>();
        return services;
    }

    /// <summary>Maps the hub at <c>/hubs/live</c>. Who may connect is for the caller to say.</summary>
    public static ConnectionEndpointRouteBuilder MapLive(this IEndpointRouteBuilder endpoints)
    {
        // MessagePack is binary, which server-sent events cannot carry.
        var options = new HttpConnectionDispatcherOptions { Transports = HttpTransportType.WebSockets | HttpTransportType.LongPolling };
        return endpoints.MapConnections("/hubs/live", options, connection => connection.UseWholeMessages().UseHub<LiveHub>());
    }
}
