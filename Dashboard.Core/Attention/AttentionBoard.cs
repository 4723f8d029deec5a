using Dashboard.Core.Feeds;

namespace Dashboard.Core.Attention;

/// <summary>Where pages, the API and webhooks follow the alerts.</summary>
public sealed class AttentionBoard
{
    private long _looked;

    public Feed<AlertBoard, AlertBoardUpdate> Feed { get; } = new(AlertBoard.Empty);

    /// <summary>When everything was last looked at; null = not yet.</summary>
    public DateTimeOffset? LookedAt => Interlocked.Read(ref _looked) is > 0 and var ticks ? new(ticks, TimeSpan.Zero) : null;

    internal void Looked(DateTimeOffset at) => Interlocked.Exchange(ref _looked, at.UtcTicks);
}
