namespace Dashboard.Core.Feeds;

/// <summary>Why a subscription gives no more changes.</summary>
public enum FeedEnd
{
    /// <summary>It is still open.</summary>
    None,

    /// <summary>Its reader disposed it.</summary>
    Disposed,

    /// <summary>Its queue was full: the reader starts again from a fresh state.</summary>
    Overflow,

    /// <summary>The state was replaced by one that no change leads to: the reader starts again from it.</summary>
    Reset,
}
