namespace Dashboard.Core.Registry;

/// <summary>What an operator wants of an instance or a node. Ordered from the most permissive to the strictest.</summary>
public enum IntentKind
{
    Active,

    /// <summary>No new traffic; what is in flight finishes.</summary>
    Draining,

    /// <summary>No traffic, known or decided to be idle.</summary>
    Drained,

    /// <summary>No new traffic until it is undone or expires.</summary>
    Maintenance,
}

/// <summary>An operator's intent with who wanted it, since when and why.</summary>
public sealed record Intent
{
    public static readonly Intent Active = new();

    public IntentKind Kind { get; init; } = IntentKind.Active;

    public DateTimeOffset? Since { get; init; }

    /// <summary>Draining: when <see cref="AtDeadline"/> is carried out.</summary>
    public DateTimeOffset? Deadline { get; init; }

    public DeadlineAction AtDeadline { get; init; } = DeadlineAction.Hold;

    /// <summary>Maintenance: when it expires by itself; null = when undone.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Drained before it was known to be idle: connections that are still open are cut.</summary>
    public bool Forced { get; init; }

    public string? Actor { get; init; }

    public string? Reason { get; init; }

    /// <summary>The plan that set it, also where it set it back to active; null = an act of its own. By it a plan knows what is its own to take back.</summary>
    public long? Plan { get; init; }

    public bool IsActive => Kind == IntentKind.Active;

    /// <summary>The stricter of two intents.</summary>
    public static Intent Stricter(Intent one, Intent other) => other.Kind > one.Kind ? other : one;
}
