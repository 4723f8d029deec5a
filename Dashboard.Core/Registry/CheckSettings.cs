namespace Dashboard.Core.Registry;

/// <summary>How an instance's health is observed.</summary>
public enum CheckKind
{
    /// <summary>A TCP connection is accepted.</summary>
    Tcp,

    /// <summary>A GET of <see cref="CheckSettings.Path"/> answers the expected status.</summary>
    Http,

    /// <summary>grpc.health.v1 answers SERVING.</summary>
    Grpc,

    /// <summary>The instance sends heartbeats.</summary>
    Ttl,

    /// <summary>Trusted as healthy; must be asked for.</summary>
    None,
}

/// <summary>A service's health check. Worst time to detect a failure: fall x interval + timeout.</summary>
public sealed record CheckSettings
{
    public static readonly CheckSettings Default = new();

    public CheckKind Kind { get; init; } = CheckKind.Tcp;

    /// <summary>Path of an <see cref="CheckKind.Http"/> check, starting with a slash; the service name of a <see cref="CheckKind.Grpc"/> check (may be empty).</summary>
    public string Path { get; init; } = "/";

    /// <summary>Lowest status that counts as passing for an http check, 100-599.</summary>
    public int StatusFrom { get; init; } = 200;

    /// <summary>Highest status that counts as passing for an http check, 100-599.</summary>
    public int StatusTo { get; init; } = 299;

    /// <summary>Time between two probes, before jitter: 100 ms to 1 h.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one probe may take: 10 ms to 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Consecutive passes that make an instance healthy, 1-100.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Consecutive failures that make an instance unhealthy, 1-100.</summary>
    public int Fall { get; init; } = 3;
}
