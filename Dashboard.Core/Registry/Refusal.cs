namespace Dashboard.Core.Registry;

/// <summary>Why a command is not carried out.</summary>
public enum RefusalKind
{
    /// <summary>The service, instance, node or operation is unknown.</summary>
    NotFound,

    /// <summary>What it wants makes no sense for the target as it is.</summary>
    Conflict,

    /// <summary>The target was changed after the revision that the caller looked at.</summary>
    Stale,

    /// <summary>It would leave too few serving instances; a typed reason overrides.</summary>
    Guard,
}

/// <summary>A command's refusal with the facts that decided it.</summary>
/// <param name="Message">One sentence for an operator, with numbers.</param>
/// <param name="Facts">The numbers by name, as the API gives them.</param>
public sealed record Refusal(RefusalKind Kind, string Message, IReadOnlyDictionary<string, object?> Facts)
{
    public Refusal(RefusalKind kind, string message)
        : this(kind, message, new Dictionary<string, object?>())
    {
    }
}
