namespace Dashboard.Core.Traffic;

/// <summary>Words that stand for a caller which did not name a service.</summary>
public static class TrafficSource
{
    /// <summary>It did not name itself: traffic from outside the mesh.</summary>
    public const string External = "external";

    /// <summary>It gave a name that is no service name, or one too many for a reporter to tell apart.</summary>
    public const string Unknown = "unknown";

    /// <summary>True for a word that names no service.</summary>
    public static bool IsPseudo(string source) => source is External or Unknown;
}
