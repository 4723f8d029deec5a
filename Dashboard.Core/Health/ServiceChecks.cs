using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>The checks of one service's instances. Live state that only the engine touches.</summary>
internal sealed class ServiceChecks(ServiceSnapshot snapshot)
{
    public Dictionary<string, InstanceCheck> Instances { get; } = new(StringComparer.Ordinal);

    public MassLossBrake Brake { get; } = new();

    /// <summary>What the checks were last made to fit, or those of the instances that were known to have changed.</summary>
    public ServiceSnapshot Snapshot { get; set; } = snapshot;

    /// <summary>What all of them were last made to fit; null = nothing yet.</summary>
    public ServiceSnapshot? Fitted { get; set; }

    /// <summary>Instances that no operator has taken out.</summary>
    public int WantedCount { get; set; }

    /// <summary>When the brake's numbers were last sent, a timestamp.</summary>
    public long BrakeSent { get; set; }

    /// <summary>One lease of the service as a whole, see <see cref="MassLossBrake"/>.</summary>
    public TimeSpan Window
    {
        get
        {
            var longest = TimeSpan.Zero;
            if (Snapshot.Settings.Check.Kind != CheckKind.Ttl)
            {
                return 1.1 * (Snapshot.Settings.Check.Fall * Snapshot.Settings.Check.Interval + Snapshot.Settings.Check.Timeout);
            }

            foreach (var check in Instances.Values)
            {
                longest = check.Lease > longest ? check.Lease : longest;
            }

            return 1.1 * longest;
        }
    }
}
