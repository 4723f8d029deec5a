namespace Dashboard.Web.Security;

/// <summary>What the console is locked with.</summary>
public sealed record SecurityOptions
{
    /// <summary>Where a generated token and the keys of the session cookies are kept; null: nowhere, they end with the process.</summary>
    public string? DataDirectory { get; init; }

    /// <summary><c>Auth:AdminToken</c>; null or empty: one is generated once and kept in the data directory.</summary>
    public string? AdminToken { get; init; }

    /// <summary>Where the keys of the session cookies are kept when several consoles share them; null: in the data directory.</summary>
    public Func<IServiceProvider, SharedKeys>? SharedKeys { get; init; }
}
