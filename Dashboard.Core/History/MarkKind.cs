namespace Dashboard.Core.History;

/// <summary>What a mark tells of, from what may be overlooked to what must not be.</summary>
public enum MarkKind
{
    /// <summary>Some other change of what is known of a service.</summary>
    Other,

    /// <summary>An instance registered, or registered with another version.</summary>
    Joined,

    /// <summary>An instance deregistered itself.</summary>
    Left,

    /// <summary>An instance was unhealthy, and is no more.</summary>
    Recovered,

    /// <summary>An operator did it, or it ends what an operator began.</summary>
    Act,

    /// <summary>The course of a plan: its start, pause, end, roll-back.</summary>
    Plan,

    /// <summary>A mass-loss brake was engaged or released, or a registry that began anew withheld.</summary>
    Brake,

    /// <summary>An alert began to fire.</summary>
    Alert,

    /// <summary>An instance was found unhealthy or removed: its traffic went elsewhere.</summary>
    Lost,
}
