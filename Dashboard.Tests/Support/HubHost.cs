using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dashboard.Tests.Support;

/// <summary>The live hub on a real listener, over a registry in memory.</summary>
internal static class HubHost
{
    /// <summary>Not started yet, so that more can be mapped.</summary>
    public static WebApplication Build(InMemoryRegistry registry)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IRegistry>(registry);
        builder.Services.AddTraffic();
        builder.Services.AddTopology();
        builder.Services.AddSingleton<IHistoryStore>(new InMemoryHistory(registry));
        builder.Services.AddSingleton<MeshHistory>();
        builder.Services.AddLive();
        var app = builder.Build();
        app.MapLive();
        return app;
    }
}
