namespace Dashboard.Web.Gateway.Remote;

/// <summary>The console that a gateway of its own follows; section <c>Console</c> of the configuration.</summary>
public sealed class ConsoleOptions
{
    public const string Section = "Console";

    public string Url { get; set; } = "http://127.0.0.1:5080";

    /// <summary>Sent as the bearer token.</summary>
    public string? Token { get; set; }
}
