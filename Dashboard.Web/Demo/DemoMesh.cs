using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Dashboard.Web.Demo;

/// <summary>
/// A small real mesh: HTTP services that register themselves over the public API and call one another through the gateway, under a load that
/// swings. It is a client like any other and knows the console by its addresses alone.
/// </summary>
public sealed partial class DemoMesh : IAsyncDisposable
{
    private static readonly TimeSpan DeregisterPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ServingPatience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly DemoOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly GatewayClient _gateway;
    private readonly RegistryClient _registry;
    private readonly DemoServer _server;
    private readonly Registrar _registrar;
    private readonly UserLoad _load;
    private Task _running = Task.CompletedTask;

    private DemoMesh(DemoOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _gateway = new GatewayClient(options.GatewayUrl, options.Suffix);
        _registry = new RegistryClient(options.ConsoleUrl, options.Token);
        var dice = new Dice(RandomNumberGenerator.GetInt32(int.MaxValue));
        _server = new DemoServer(options.ListenAddress, _gateway, dice, time);
        _load = new UserLoad(_gateway, dice, time, options.Load);
        _registrar = new Registrar(_registry, instance => new IPEndPoint(options.AdvertiseAddress ?? AddressTowards(options), _server.PortOf(instance)), _server.MetricsPortOf, time, logger);
    }

    /// <summary>Ends when every instance has registered once; cancelled when the mesh stops before.</summary>
    public Task Registered => _registrar.Registered;

    /// <summary>
    /// Starts the servers and returns; registration goes on behind it and is tried until the console answers. The load starts when every
    /// service has an instance that gets traffic.
    /// </summary>
    /// <exception cref="IOException">The listen address cannot be bound.</exception>
    public static async Task<DemoMesh> StartAsync(DemoOptions options, TimeProvider time, ILogger<DemoMesh> logger, CancellationToken cancellationToken = default)
    {
        var mesh = new DemoMesh(options, time, logger);
        try
        {
            await mesh._server.StartAsync(cancellationToken);
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }

        mesh._running = mesh.RunAsync(mesh._stopping.Token);
        return mesh;
    }

    /// <summary>Stops the load, then the servers, within about 3 s.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_options.DeregisterOnStop)
            await DeregisterAsync();
        await _server.DisposeAsync();
        _gateway.Dispose();
        _registry.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_registrar.RunAsync(cancellationToken), LoadAsync(cancellationToken));
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            LogStopped(failure);
            throw;
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        await Registered.WaitAsync(cancellationToken);
        LogRegistered(Shop.Services.Sum(service => service.Instances.Length), Shop.Services.Length, (long)_time.GetElapsedTime(start).TotalMilliseconds);
        start = _time.GetTimestamp();
        foreach (var service in Shop.Services)
        {
            while (_time.GetElapsedTime(start) < ServingPatience && !await IsServingAsync(service, cancellationToken))
                await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
        }

        await _load.RunAsync(cancellationToken);
    }

    private async Task<bool> IsServingAsync(DemoService service, CancellationToken cancellationToken)
    {
        try
        {
            return await _registry.IsServingAsync(service, cancellationToken);
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task DeregisterAsync()
    {
        using var patience = new CancellationTokenSource(DeregisterPatience, _time);
        try
        {
            await _registrar.DeregisterAsync(patience.Token);
        }
        catch (Exception failure) when (failure is HttpRequestException or SocketException or OperationCanceledException)
        {
            // The console is away or slow: its health checks find out.
        }
    }

    /// <exception cref="SocketException">The console's name does not resolve yet.</exception>
    private static IPAddress AddressTowards(DemoOptions options)
    {
        if (!options.ListenAddress.Equals(IPAddress.Any) && !options.ListenAddress.Equals(IPAddress.IPv6Any))
            return options.ListenAddress;

        // Connecting a datagram socket sends nothing; it asks the routing table.
        using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(options.ConsoleUrl.DnsSafeHost, options.ConsoleUrl.Port);
        var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
        return local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local;
    }

    [LoggerMessage(LogLevel.Information, "Demo mesh: {Instances} instances of {Services} services registered after {Milliseconds} ms")]
    private partial void LogRegistered(int instances, int services, long milliseconds);

    [LoggerMessage(LogLevel.Error, "The demo mesh stopped by itself")]
    private partial void LogStopped(Exception failure);
}
