using Dashboard.Core.Feeds;

namespace Dashboard.Core.Attention;

/// <summary>Where pages, the API and webhooks follow the alerts.</summary>
public sealed class AttentionBoard
{
    public Feed<AlertBoard, AlertBoardUpdate> Feed { get; } = new(AlertBoard.Empty);
}
