using Dashboard.Core.Feeds;

namespace Dashboard.Core.Registry;

/// <summary>The registry as features see it: read from memory, changed by commands, followed through its feed.</summary>
public interface IRegistry
{
    RegistrySnapshot Current { get; }

    Feed<RegistrySnapshot, RegistryUpdate> Feed { get; }

    RegistryAvailability Availability { get; }

    /// <summary>Carries a command out; answers when it is durable, refused or known to be impossible. A cancelled wait does not take the command back.</summary>
    ValueTask<CommandResult> ExecuteAsync(RegistryCommand command, Actor actor, CancellationToken cancellationToken);

    /// <summary>What the command would do to the current snapshot. Changes nothing.</summary>
    Decision Preview(RegistryCommand command, Actor actor);
}

/// <summary>Whether changes can be written.</summary>
/// <param name="UnavailableSince">Since when Postgres is away; null while it is reachable.</param>
/// <param name="LastSync">When the snapshot was last known to be the head.</param>
/// <param name="Error">What the last attempt said; null while reachable.</param>
public sealed record RegistryAvailability(DateTimeOffset? UnavailableSince, DateTimeOffset LastSync, string? Error)
{
    public bool IsAvailable => UnavailableSince is null;
}
