using Dashboard.Core.Feeds;
using Microsoft.AspNetCore.Http.Features;

namespace Dashboard.Web.Gateway;

/// <summary>
/// One WebSocket that passes through. Sees where frames begin and end in both directions, so that it can be closed properly (1001, going away) to both sides
/// at any time; what does not end by itself then is cut after <see cref="Patience"/>.
/// </summary>
internal sealed class Tunnel(TimeProvider time) : IHttpUpgradeFeature, IHttpExtendedConnectFeature, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _closing = new();
    private readonly CancellationTokenSource _cut = new();
    private IHttpUpgradeFeature? _upgrade;
    private IHttpExtendedConnectFeature? _connect;
    private ITimer? _patience;
    private int _closed;

    /// <summary>Ends the forwarding at once.</summary>
    public CancellationToken Cut => _cut.Token;

    /// <summary>Both sides are to be told that the connection closes.</summary>
    public CancellationToken Closing => _closing.Token;

    bool IHttpUpgradeFeature.IsUpgradableRequest => _upgrade?.IsUpgradableRequest ?? false;

    bool IHttpExtendedConnectFeature.IsExtendedConnect => _connect?.IsExtendedConnect ?? false;

    string? IHttpExtendedConnectFeature.Protocol => _connect?.Protocol;

    /// <summary>A tunnel in place of the request's own upgrade; null when the request asks for no WebSocket.</summary>
    public static Tunnel? For(HttpContext context, TimeProvider time)
    {
        var connect = context.Features.Get<IHttpExtendedConnectFeature>();
        if (connect is { IsExtendedConnect: true })
        {
            var tunnel = new Tunnel(time) { _connect = connect };
            context.Features.Set<IHttpExtendedConnectFeature>(tunnel);
            return tunnel;
        }

        if (context.Request.Headers.Upgrade.Count > 0 && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } upgrade)
        {
            var tunnel = new Tunnel(time) { _upgrade = upgrade };
            context.Features.Set<IHttpUpgradeFeature>(tunnel);
            return tunnel;
        }

        return null;
    }

    /// <summary>Closes it: tells both sides, and cuts it if they do not end it.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _patience = time.CancelAfter(_cut, Patience);
            // What waits for the token goes on elsewhere: the caller holds a lock.
            _closing.CancelAfter(TimeSpan.Zero);
        }
    }

    async Task<Stream> IHttpUpgradeFeature.UpgradeAsync() => new TunnelStream(await _upgrade!.UpgradeAsync(), this);

    async ValueTask<Stream> IHttpExtendedConnectFeature.AcceptAsync() => new TunnelStream(await _connect!.AcceptAsync(), this);

    public void Dispose()
    {
        // The sources are left to the collector: a close may still be on its way to them.
        _patience?.Dispose();
    }
}
