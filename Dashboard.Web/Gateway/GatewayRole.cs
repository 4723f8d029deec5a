using System.Net.Sockets;
using Dashboard.Web.Gateway.Remote;
using Microsoft.Extensions.Options;

namespace Dashboard.Web.Gateway;

/// <summary>The <c>gateway</c> role: a data plane only, which follows a console over the network and goes on when every console is away.</summary>
public static class GatewayRole
{
    private const string DefaultUrls = "http://127.0.0.1:5084";

    // Ctrl-C to the end: what is in flight, the last report, the snapshot.
    private static readonly TimeSpan ShutdownPatience = TimeSpan.FromSeconds(4);

    /// <summary>Runs until it is told to stop. <c>Urls</c> (default http://127.0.0.1:5084) serves <c>/health/live</c> and <c>/health/ready</c>; what it forwards comes in at <c>Gateway:Url</c>.</summary>
    /// <param name="snapshots">The directory where its last catalog is kept, unless <c>Gateway:Snapshot</c> says otherwise.</param>
    /// <param name="configureServices">Further services of the process, for example metrics.</param>
    /// <param name="map">Further endpoints next to the health endpoints.</param>
    /// <exception cref="InvalidOperationException">It cannot start: a setting that cannot be read, an address in use. The message says which.</exception>
    public static async Task RunAsync(string[] args, Func<IConfiguration, string> snapshots, Action<WebApplicationBuilder>? configureServices = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        if (string.IsNullOrEmpty(builder.Configuration["Urls"]))
        {
            builder.WebHost.UseUrls(DefaultUrls);
        }

        // Why a start failed is said in one sentence, by whoever runs this.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownPatience);
        builder.Services.AddRemoteGateway(builder.Configuration);
        builder.Services.Configure<GatewayOptions>(options => options.SnapshotDirectory = snapshots(builder.Configuration));
        configureServices?.Invoke(builder);
        await using var app = builder.Build();
        app.MapGet("/health/live", () => TypedResults.Json(new { status = "live" })).AllowAnonymous();
        app.MapGet("/health/ready", Ready).AllowAnonymous();
        map?.Invoke(app);
        try
        {
            await app.StartAsync();
        }
        catch (Exception failure) when (failure is IOException or SocketException or OptionsValidationException or FormatException)
        {
            throw new InvalidOperationException(failure.Message, failure);
        }

        await app.WaitForShutdownAsync();
    }

    /// <summary>Ready is who can forward, however old what it forwards by is; the body says how old that is. Open to everyone, so it tells no addresses.</summary>
    private static IResult Ready(GatewayStatus status, RemoteCatalog catalog, TimeProvider time)
    {
        var knowledge = catalog.Knowledge;
        var ready = status is { IsListening: true, HasCatalog: true };
        return TypedResults.Json(
            new
            {
                status = !ready ? "starting" : knowledge.StaleSince is null ? "ready" : "stale",
                gateway = status.Id,
                revision = status.Catalog.Revision,
                generation = status.Catalog.Generation,
                services = status.Catalog.Services.Count,
                from = !status.HasCatalog ? "nothing" : knowledge.FromDisk ? "snapshot" : "console",
                consoleConnected = knowledge.Console is not null,
                staleSince = knowledge.StaleSince,
                ageSeconds = Math.Round(knowledge.Age(time.GetUtcNow()).TotalSeconds, 1),
                withheld = knowledge.Withheld,
            },
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
