using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;

namespace Dashboard.Web.Live;

/// <summary>The hub's lifetime manager: knows every connection as a <see cref="LiveViewer"/>, which frames are written to without going through SignalR's own broadcast.</summary>
internal sealed class LiveViewers(ILogger<DefaultHubLifetimeManager<LiveHub>> logger, TimeProvider time) : DefaultHubLifetimeManager<LiveHub>(logger)
{
    private readonly ConcurrentDictionary<string, LiveViewer> _viewers = new(StringComparer.Ordinal);

    public int Count => _viewers.Count;

    public LiveViewer? Find(string connectionId) => _viewers.GetValueOrDefault(connectionId);

    public override async Task OnConnectedAsync(HubConnectionContext connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await base.OnConnectedAsync(connection).ConfigureAwait(false);
        _viewers[connection.ConnectionId] = new(connection, time);
    }

    public override Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (_viewers.TryRemove(connection.ConnectionId, out var viewer))
        {
            viewer.Close();
        }

        return base.OnDisconnectedAsync(connection);
    }

    /// <summary>Ends the connections whose write has been stuck for too long; answers how many.</summary>
    public int AbortStuck() => _viewers.Values.Count(viewer => viewer.AbortIfStuck());
}
