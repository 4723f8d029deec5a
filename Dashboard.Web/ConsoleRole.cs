using System.Data.Common;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using Dashboard.Core.Attention;
using Dashboard.Core.Balancing;
using Dashboard.Core.Discovery;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.History;
using Dashboard.Core.Operations;
using Dashboard.Core.Postgres;
using Dashboard.Core.Postgres.Embedded;
using Dashboard.Core.Replicas;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Api;
using Dashboard.Web.Console;
using Dashboard.Web.Console.Settings;
using Dashboard.Web.Demo;
using Dashboard.Web.Discovery;
using Dashboard.Web.Discovery.Agent;
using Dashboard.Web.Discovery.Dns;
using Dashboard.Web.Discovery.Xds;
using Dashboard.Web.Gateway;
using Dashboard.Web.Http;
using Dashboard.Web.Http.Express;
using Dashboard.Web.Live;
using Dashboard.Web.Replicas;
using Dashboard.Web.Security;
using Dashboard.Web.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Dashboard.Web;

/// <summary>The console: registry, API, pages, metrics and a gateway in one process, on a Postgres of its own unless configured otherwise.</summary>
internal static class ConsoleRole
{
    private const string DefaultUrl = "http://127.0.0.1:5080";

    // Ctrl-C to the end takes at most 5 s: this for requests under way, the rest for Postgres.
    private static readonly TimeSpan ShutdownPatience = TimeSpan.FromSeconds(2);

    // Bytes a second that a client has to take of an answer: what the server holds for one that does not read is let go after a minute.
    private static readonly MinDataRate SlowestReader = new(1024, TimeSpan.FromSeconds(10));

    /// <summary>Runs until Ctrl-C or SIGTERM.</summary>
    /// <returns>The exit code: 0 after an orderly stop.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var interrupted = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        try
        {
            await RunAsync(CreateBuilder(arguments), interrupted.Token);
            return 0;
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return 0;
        }

        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Cancel();
        }
    }

    private static async Task RunAsync(WebApplicationBuilder builder, CancellationToken interrupted)
    {
        StartException.ThrowIfAny("console", StartSettings.FaultsOf(builder.Configuration, "console"));
        var attention = AttentionConfiguration.Read(builder.Configuration).Options;
        var directory = DataDirectory.Of(builder.Configuration);
        // The database's own log, open from before the host until after it.
        using var logging = LoggerFactory.Create(logging => logging.AddConfiguration(builder.Configuration.GetSection("Logging")).AddSimpleConsole());
        await using var postgres = await StartPostgresAsync(builder.Configuration, directory, logging, interrupted);
        AddServices(builder, directory, postgres, attention);
        var started = false;
        // Why a start failed is said in one sentence; until then the host would tell it as stack traces, and of each part that ends because of it.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => Volatile.Read(ref started) && level >= LogLevel.Warning);
        await using var app = builder.Build();
        Map(app);
        await StartAsync(app, interrupted);
        Volatile.Write(ref started, true);
        app.Services.GetRequiredService<LeaseKeeper>().Advertise(ReplicaAddress.Of(app.Configuration["Replica:Url"], ListeningOn(app.Services)));
        PrintSignInLink(app);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = app.Lifetime.ApplicationStopping.Register(() => stopped.TrySetResult());
        using var cancel = interrupted.Register(() => stopped.TrySetResult());
        await stopped.Task;
        await app.StopAsync(CancellationToken.None);
    }

    private static async Task StartAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException or SocketException or DbException or FormatException or ArgumentException or UnauthorizedAccessException)
        {
            // An address in use, a database that does not answer, a setting that cannot be read: its message says what to do.
            throw new StartException($"The console cannot start: {failure.Message}", failure);
        }
    }

    private static WebApplicationBuilder CreateBuilder(string[] arguments)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Insert(0, new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource
        {
            InitialData = [new("Urls", DefaultUrl)],
        });
        // Also outside Development: `dotnet run -c Release` serves the assets from the source tree and the package cache.
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = SlowestReader;
            kestrel.Limits.MaxResponseBufferSize = PacedBody.Piece;
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownPatience);
        return builder;
    }

    private static async Task<EmbeddedPostgres?> StartPostgresAsync(IConfiguration configuration, string directory, ILoggerFactory logging, CancellationToken cancellationToken) =>
        configuration.GetConnectionString("Registry") is { Length: > 0 }
            ? null
            : await StartPostgresAsync(directory, logging, cancellationToken);

    /// <summary>Starts the embedded Postgres in a data directory.</summary>
    internal static Task<EmbeddedPostgres> StartPostgresAsync(string directory, ILoggerFactory logging, CancellationToken cancellationToken) => EmbeddedPostgres.StartAsync(
        new() { Directory = directory, PackageDirectories = PackageDirectories() },
        TimeProvider.System,
        logging.CreateLogger<EmbeddedPostgres>(),
        cancellationToken);

    private static string[] PackageDirectories() =>
    [
        .. typeof(ConsoleRole).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Where(metadata => metadata.Key == "ClientNodeModules")
            .Select(metadata => metadata.Value!),
    ];

    private static void AddServices(WebApplicationBuilder builder, string directory, EmbeddedPostgres? postgres, AttentionOptions attention)
    {
        var configuration = builder.Configuration;
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services
            .AddPostgresRegistry(options =>
            {
                options.ConnectionString = postgres?.ConnectionString ?? configuration.GetConnectionString("Registry")!;
                options.OwnerConnectionString = configuration.GetConnectionString("RegistryOwner");
                options.PositionFile = Path.Combine(directory, "registry-position.json");
                options.Retention = TimeSpan.FromDays(configuration.GetValue("Audit:RetentionDays", 90));
                options.TrafficRetention = TimeSpan.FromDays(configuration.GetValue("History:RetentionDays", 30));
            })
            .AddBalancing()
            .AddTraffic()
            .AddTopology()
            .AddDiscovery(Path.Combine(directory, "followers-catalog.json"))
            .AddDiscoveryEndpoints()
            .AddDns(configuration)
            .AddAgentCheck(configuration)
            .AddXds(configuration, services => services.GetRequiredService<AdminToken>().Matches)
            .AddOperations()
            .AddAttention(attention, SendsNotices, services => new(ReplicaAddress.Of(configuration["Replica:Url"], ListeningOn(services))))
            .AddHealth(configuration)
            .AddHistory()
            .AddReplicas(services => services.GetRequiredService<AdminToken>().Fingerprint)
            .AddSecurity(new SecurityOptions { DataDirectory = directory, AdminToken = configuration["Auth:AdminToken"], SharedKeys = SharedKeysOf })
            .AddApi()
            .AddLive()
            .AddConsole()
            .AddSingleton<IConsoleFacts>(services => new ProcessFacts(services, directory, embedded: postgres is not null))
            .AddTelemetry()
            .AddGateway(configuration);
        if (configuration.GetValue<bool>("demo"))
        {
            builder.Services.AddDemo(services => new DemoOptions
            {
                ConsoleUrl = new Uri(ListeningOn(services)),
                GatewayUrl = new Uri(services.GetRequiredService<GatewayStatus>().Urls[0]),
                Suffix = configuration["Gateway:Suffix"] ?? "localhost",
                Token = services.GetRequiredService<AdminToken>().Value,
            });
        }
    }

    // Whoever holds this share of the health checks: the consoles have settled already who that is, also while Postgres is away.
    private static bool SendsNotices(IServiceProvider services) => services.GetRequiredService<HealthShare>().Current.Owns(HealthShard.Of("attention"));

    private static SharedKeys SharedKeysOf(IServiceProvider services)
    {
        var store = services.GetRequiredService<DataProtectionKeyStore>();
        return new(store.GetAll, store.Add, store.Alone);
    }

    private static void Map(WebApplication app)
    {
        app.UseSecurityHeaders();
        app.UseExpress();
        // A page that does not exist says so in the console's own words; the API has its problem details.
        app.UseWhen(
            context => HttpMethods.IsGet(context.Request.Method) && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal) && !context.Request.Path.StartsWithSegments("/api"),
            pages => pages.UseStatusCodePagesWithReExecute("/not-found"));
        app.UseRouting();
        app.UseSecurity();
        app.MapStaticAssets().AllowAnonymous();
        app.MapSecurity();
        app.MapTelemetry();
        app.MapApi();
        app.MapDiscovery();
        app.MapReplicas();
        app.MapLive();
        app.MapConsole().WithStaticAssets();
    }

    private static void PrintSignInLink(WebApplication app)
    {
        System.Console.WriteLine();
        System.Console.WriteLine($"Sign in once with {app.Services.GetRequiredService<SignInCodes>().CreateLink(ListeningOn(app.Services))}");
        System.Console.WriteLine();
    }

    private static string ListeningOn(IServiceProvider services) =>
        services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
}
