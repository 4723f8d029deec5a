namespace Dashboard.Web.Live.Frames;

/// <summary>What a frame holds. On the wire a number.</summary>
public enum FrameKind : byte
{
    /// <summary>Everything; the viewer forgets what it had.</summary>
    Full = 0,

    /// <summary>What the registry changed.</summary>
    State = 1,

    /// <summary>What traffic changed; once a second, also when nothing did, so that a viewer knows the age of what it shows.</summary>
    Traffic = 2,
}
