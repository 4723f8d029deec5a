using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Discovery.Dns;

/// <summary>Serves the registry over DNS for as long as the host runs.</summary>
public sealed class DnsServer : IHostedService, IAsyncDisposable
{
    private const int PortTries = 20;

    private readonly DnsDesk _desk;
    private readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private readonly CancellationTokenSource _stopping = new();
    private bool _disposed;
    private readonly List<DnsDatagramListener> _datagrams = [];
    private readonly List<DnsStreamListener> _streams = [];
    private readonly List<Task> _running = [];

    public DnsServer(DnsOptions options, IServingSource source, IRegistry? registry, FollowerTable followers, DnsCounters counters, TimeProvider time, ILogger<DnsServer> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _desk = new(
            options,
            new(options, () => source.Feed.Current, () => registry?.Current),
            new(options.RateLimit, options.RateLimitExempt, time.TimestampFrequency, _seed),
            new(followers, time),
            counters,
            time,
            logger);
    }

    /// <summary>Where it listens, over UDP and TCP alike; known once started.</summary>
    public ImmutableArray<IPEndPoint> Endpoints => [.. _datagrams.Select(listener => listener.Endpoint)];

    /// <exception cref="InvalidOperationException">An address cannot be listened on; the message names it.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var endpoint in _desk.Options.Endpoints)
        {
            Listen(endpoint);
        }

        foreach (var listener in _datagrams)
        {
            listener.Start();
        }

        _running.AddRange(_streams.Select(listener => listener.RunAsync(_stopping.Token)));
        _running.Add(_desk.Clients.RunAsync(_stopping.Token));
        if (_datagrams.Count > 0)
            _desk.Logger.LogInformation("DNS for zone {Zone} on {Endpoints} (UDP and TCP)", _desk.Options.Zone, string.Join(", ", Endpoints));

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        foreach (var listener in _datagrams)
        {
            listener.Dispose();
        }

        foreach (var listener in _streams)
        {
            listener.Dispose();
        }

        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _datagrams.Clear();
        _streams.Clear();
        _running.Clear();
    }

    // The container disposes it as a service and as a hosted service.
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
            return;

        await StopAsync(CancellationToken.None);
        _stopping.Dispose();
    }

    private void Listen(IPEndPoint endpoint)
    {
        // Port 0: what UDP was given may be taken for TCP; then another is asked for.
        for (var tries = endpoint.Port == 0 ? PortTries : 1; ; tries--)
        {
            DnsDatagramListener? datagrams = null;
            try
            {
                datagrams = new(endpoint, _desk, Math.Clamp(Environment.ProcessorCount, 1, 4), _seed);
                _streams.Add(new(datagrams.Endpoint, _desk, _seed));
                _datagrams.Add(datagrams);
                return;
            }
            catch (SocketException failure)
            {
                datagrams?.Dispose();
                if (tries == 1 || failure.SocketErrorCode != SocketError.AddressAlreadyInUse)
                    throw new InvalidOperationException($"DNS cannot listen on {endpoint} (Dns:Endpoint): {failure.Message}", failure);
            }
        }
    }
}
