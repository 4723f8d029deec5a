namespace Dashboard.Core.Topology;

/// <summary>What was there and has left: shown for a while, so that what an operator saw a minute ago does not vanish without a word.</summary>
/// <param name="Name">The service, or within a service the instance.</param>
public sealed record Ghost(string Name, DateTimeOffset LeftAt)
{
    /// <summary>How long it is shown.</summary>
    public static readonly TimeSpan ShownFor = TimeSpan.FromMinutes(5);

    /// <summary>At most so many, the latest, are kept.</summary>
    public const int Kept = 200;
}
