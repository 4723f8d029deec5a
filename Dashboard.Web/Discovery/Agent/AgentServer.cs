using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Agent;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Discovery.Agent;

/// <summary>Answers HAProxy's agent checks for as long as the host runs: one line in, one line out, a connection each.</summary>
public sealed class AgentServer(AgentOptions options, IServingSource source, IRegistry? registry, FollowerTable followers, TimeProvider time, ILogger<AgentServer> logger)
    : IHostedService, IAsyncDisposable
{
    private readonly AgentPolls _polls = new(followers, time);
    private readonly CancellationTokenSource _stopping = new();
    private bool _disposed;
    private readonly List<Socket> _listeners = [];
    private readonly List<Task> _running = [];
    private int _open;

    /// <summary>Where it listens; known once started.</summary>
    public ImmutableArray<IPEndPoint> Endpoints => [.. _listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!)];

    /// <exception cref="InvalidOperationException">An address cannot be listened on; the message names it.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var endpoint in options.Endpoints)
        {
            Listen(endpoint);
        }

        _running.AddRange(_listeners.Select(AcceptAsync));
        if (_listeners.Count > 0)
            logger.LogInformation("HAProxy agent checks on {Endpoints}", string.Join(", ", Endpoints));

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var listener in _listeners)
        {
            listener.Dispose();
        }

        _listeners.Clear();
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
        var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
                listener.DualMode = endpoint.Address.Equals(IPAddress.IPv6Any);

            listener.Bind(endpoint);
            listener.Listen(512);
            _listeners.Add(listener);
        }
        catch (SocketException failure)
        {
            listener.Dispose();
            throw new InvalidOperationException($"Agent checks cannot be listened for on {endpoint} (Agent:Endpoint): {failure.Message}", failure);
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                connection = await listener.AcceptAsync(_stopping.Token);
            }
            catch (SocketException failure)
            {
                // A client that hung up first, or no file descriptor left for a moment.
                logger.LogDebug(failure, "Agent checks on {Endpoint}", listener.LocalEndPoint);
                await Task.Delay(TimeSpan.FromMilliseconds(10), time, _stopping.Token);
                continue;
            }

            if (Interlocked.Increment(ref _open) > options.MaxConnections)
            {
                Interlocked.Decrement(ref _open);
                connection.Dispose();
                continue;
            }

            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        try
        {
            using var patience = new CancellationTokenSource(options.Timeout, time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stopping.Token);
            await AnswerAsync(connection, stop.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Too slow, hung up, or all is stopped: HAProxy takes no answer for no change.
        }
#pragma warning disable CA1031 // One connection must never take the listener with it; what it was is in the log.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            logger.LogError(failure, "An agent check could not be answered");
        }
        finally
        {
            connection.Dispose();
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task AnswerAsync(Socket connection, CancellationToken stop)
    {
        connection.NoDelay = true;
        if (await ReadLineAsync(connection, stop) is not { } line)
            return;

        // Before anything was loaded nothing is known, and that is no reason to take a server out.
        var catalog = source.Feed.Current;
        if (catalog.Generation == Guid.Empty)
            return;

        if (AgentQuestion.Parse(line) is not { } question)
        {
            // Without a word HAProxy changes nothing; it shows what follows #.
            await SendAsync(connection, "#expected agent-send service/instance\n", stop);
            return;
        }

        var registered = registry?.Current.FindInstance(new(question.Service, question.Instance));
        await SendAsync(connection, AgentAnswer.For(catalog.Services.GetValueOrDefault(question.Service), question.Instance, registered), stop);
        connection.Shutdown(SocketShutdown.Send);
        var address = ((IPEndPoint)connection.RemoteEndPoint!).Address;
        _polls.Answered(question, (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString(), catalog.Generation, catalog.Revision);
    }

    private static async Task<string?> ReadLineAsync(Socket connection, CancellationToken stop)
    {
        var buffer = new byte[AgentQuestion.MaxLength];
        var filled = 0;
        while (filled < buffer.Length)
        {
            var read = await connection.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None, stop);
            if (read == 0)
                return null;

            filled += read;
            var end = buffer.AsSpan(0, filled).IndexOf((byte)'\n');
            if (end >= 0)
                return Encoding.ASCII.GetString(buffer, 0, end);
        }

        return null;
    }

    private static async Task SendAsync(Socket connection, string line, CancellationToken stop)
    {
        ReadOnlyMemory<byte> bytes = Encoding.ASCII.GetBytes(line);
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await connection.SendAsync(bytes, SocketFlags.None, stop)..];
        }
    }
}
