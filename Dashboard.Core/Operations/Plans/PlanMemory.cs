using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations.Plans;

/// <summary>What the tracker has seen of one plan. In memory only: a wave that was done before a restart settles anew after it. Touched by the tracker's loop alone.</summary>
internal sealed class PlanMemory
{
    /// <summary>The wave that <see cref="DoneSince"/> is about.</summary>
    public int Wave { get; set; } = -1;

    /// <summary>Since when everything of the wave is done.</summary>
    public DateTimeOffset? DoneSince { get; set; }

    /// <summary>The plan as it ended; null while it is open.</summary>
    public Plan? Ended { get; set; }
}
