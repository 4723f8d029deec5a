using System.Net.Sockets;
using System.Net.WebSockets;

namespace Dashboard.Web.Demo;

/// <summary>The users: requests whose rate swings like a short day, and WebSockets that stay open for a while.</summary>
internal sealed class UserLoad(GatewayClient gateway, Dice dice, TimeProvider time, double scale)
{
    private const double MeanPerSecond = 24;
    private const double SwingPerSecond = 16;
    private const int Sockets = 24;

    /// <summary>User requests under way at most: a mesh that hangs is not buried under more.</summary>
    private const int MaxInFlight = 200;

    private static readonly TimeSpan Period = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ShortestSocket = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestSocket = TimeSpan.FromSeconds(90);

    private int _inFlight;

    /// <summary>User requests per second at a time since the start.</summary>
    public static double RateAt(TimeSpan elapsed) => MeanPerSecond + (SwingPerSecond * Math.Sin(2 * Math.PI * (elapsed / Period)));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (scale <= 0)
            return;
        await Task.WhenAll(Enumerable.Range(0, Sockets).Select(_ => HoldSocketsAsync(cancellationToken)).Append(SendAsync(cancellationToken)));
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var last = start;
        var due = 0.0;
        using var timer = new PeriodicTimer(Tick, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var now = time.GetTimestamp();
            due += scale * RateAt(time.GetElapsedTime(start, now)) * time.GetElapsedTime(last, now).TotalSeconds;
            last = now;
            for (; due >= 1; due--)
            {
                if (Volatile.Read(ref _inFlight) < MaxInFlight)
                    _ = VisitAsync(cancellationToken);
            }
        }
    }

    private async Task VisitAsync(CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _inFlight);
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            var (path, method) = dice.Next() switch
            {
                < 0.60 => ("/", "GET"),
                < 0.85 => ("/cart", "GET"),
                _ => ("/checkout", "POST"),
            };
            await gateway.SendAsync(Shop.Users, Shop.Front, path, method, patience.Token);
        }
        catch (OperationCanceledException)
        {
            // A user who gave up, or the mesh stops.
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    private async Task HoldSocketsAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[256];
        while (true)
        {
            using var end = new CancellationTokenSource(ShortestSocket + ((LongestSocket - ShortestSocket) * dice.Next()), time);
            using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end.Token);
            try
            {
                using var socket = await gateway.ConnectAsync(Shop.Users, Shop.Notifications, cancellationToken);
                await ListenAsync(socket, buffer, life.Token);
            }
            catch (Exception failure) when (failure is WebSocketException or HttpRequestException or SocketException or IOException)
            {
                // The gateway or the instance is away: try again below.
            }

            await Task.Delay(dice.Around(TimeSpan.FromSeconds(2)), time, cancellationToken);
        }
    }

    /// <summary>Reads until the peer closes or the time is over, then says goodbye.</summary>
    private static async Task ListenAsync(WebSocket socket, byte[] buffer, CancellationToken life)
    {
        // A cancelled receive would abort the socket; a close handshake asks the peer to end it instead.
        await using var goodbye = life.Register(() => _ = CloseAsync(socket));
        while ((await socket.ReceiveAsync(buffer, CancellationToken.None)).MessageType != WebSocketMessageType.Close)
        {
        }
    }

    private static async Task CloseAsync(WebSocket socket)
    {
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception failure) when (failure is WebSocketException or ObjectDisposedException or IOException)
        {
            // It is closed already.
        }
    }
}
