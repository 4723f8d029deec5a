namespace Dashboard.Web.Live;

/// <summary>A viewer's place in a stream. Its fields belong to the viewer's lock.</summary>
internal sealed class LiveSubscription(LiveStream stream, LiveViewer viewer)
{
    public LiveStream Stream { get; } = stream;

    public LiveViewer Viewer { get; } = viewer;

    /// <summary>It has missed a frame, or has none yet: the next thing it gets is a full one.</summary>
    public bool NeedsFull { get; set; } = true;

    /// <summary>The last frame that was sent to it.</summary>
    public long Sent { get; set; }
}
