namespace Dashboard.Core.Discovery.Xds;

/// <summary>What one stream knows of one resource. Guarded by the stream's owner.</summary>
internal sealed class HeldResource
{
    /// <summary>What the client was sent last, or said that it has; null: nothing, or it was told that there is none.</summary>
    public string? Version { get; set; }

    /// <summary>What the client accepted last.</summary>
    public XdsResource? Good { get; set; }

    /// <summary>The version that it refused: not sent again.</summary>
    public string? Refused { get; set; }

    /// <summary>It asked anew, so it is told even what it was told before.</summary>
    public bool Asked { get; set; }

    /// <summary>Up to which revision it has taken this resource; null: up to the newest.</summary>
    public long? AcceptedUntil { get; set; }
}
