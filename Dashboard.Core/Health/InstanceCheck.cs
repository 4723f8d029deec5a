using System.Net;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>One instance's check under way: live state that only the engine touches.</summary>
internal sealed class InstanceCheck(InstanceKey key)
{
    public InstanceKey Key { get; } = key;

    public required InstanceEntry Entry { get; set; }

    /// <summary>What the check was last made to fit.</summary>
    public required Instance Seen { get; set; }

    public required ServiceSettings Settings { get; set; }

    /// <summary>This console looks at it; else another does, and the registry tells what it sees.</summary>
    public bool IsOwned { get; set; } = true;

    /// <summary>Its own and its node's intent: what an operator took out is not lost when it falls silent.</summary>
    public bool IsWanted { get; set; }

    public HealthTally Tally { get; set; }

    /// <summary>The verdict with the evidence that decided it; null while it is what the registry already had.</summary>
    public HealthState? Verdict { get; set; }

    /// <summary>Rises with everything that makes a probe under way look at something else than is asked for now; its result is then dropped.</summary>
    public int Epoch { get; set; }

    public bool InFlight { get; set; }

    /// <summary>Why it is not looked at; null = it is.</summary>
    public string? NotProbed { get; set; }

    /// <summary>When the regular rounds began to count.</summary>
    public long Base { get; set; }

    /// <summary>How many rounds have been planned since then.</summary>
    public long Round { get; set; }

    /// <summary>When it is due next, a timestamp; the queue holds older ones too, which are skipped.</summary>
    public long Due { get; set; }

    /// <summary>A ttl check: when silence counts, a timestamp. A heartbeat moves it; the queue notices when the earlier time comes.</summary>
    public long LeaseEnd { get; set; }

    /// <summary>Since when it is unhealthy, a timestamp; null while it is not.</summary>
    public long? UnhealthySince { get; set; }

    /// <summary>A whole run of failures was seen since the console started; before, an old verdict alone removes nobody.</summary>
    public bool ConfirmedUnhealthy { get; set; }

    public CheckSettings Check => Settings.Check;

    /// <summary>How long one must fail or be silent to be called lost: its ttl, else the worst time to detect a failure.</summary>
    public TimeSpan Lease => Check.Kind == CheckKind.Ttl && Entry.Registration.Ttl is { } ttl ? ttl : Check.Fall * Check.Interval + Check.Timeout;

    public bool TryGetEndPoint(out IPEndPoint endPoint)
    {
        var parsed = IPAddress.TryParse(Entry.Registration.Address, out var address);
        endPoint = new(address ?? IPAddress.None, Entry.Registration.Port);
        return parsed;
    }
}
