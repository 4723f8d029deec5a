namespace Dashboard.Web.Gateway;

/// <summary>One request that an instance is working on. Reused: the instance keeps ended ones for the next.</summary>
internal sealed class Exchange
{
    public HttpContext? Context;

    public CallerCounters? Counters;

    /// <summary>When it was handed to the instance.</summary>
    public long Started;

    /// <summary>The WebSocket that it became; null while it is a plain exchange.</summary>
    public Tunnel? Tunnel;

    public Exchange? Older;

    public Exchange? Newer;
}
