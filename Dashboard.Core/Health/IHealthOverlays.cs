using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>What consoles tell one another of the health that is in memory alone while Postgres is away.</summary>
public interface IHealthOverlays
{
    /// <summary>What this console has seen and could not write yet.</summary>
    OverlayWord Own { get; }

    /// <summary>Raised after <see cref="Own"/> changed. A handler is quick.</summary>
    event Action? OwnChanged;

    /// <summary>Another console tells what it could not write yet: shown here too, until it says that it is durable and that much was read here.</summary>
    void Hear(Guid console, OverlayWord word);

    /// <summary>
    /// The latest epoch of each share that is known here: what another console tells under an earlier one is not shown, and what was seen here under an earlier one is neither shown nor told
    /// any more.
    /// </summary>
    void Know(ImmutableArray<long> epochs);

    /// <summary>A console is not there any more: what it saw is for those who took its share over.</summary>
    void Forget(Guid console);
}

/// <summary>A console's overlay as a whole.</summary>
/// <param name="Transitions">The last transition of each instance; empty = none.</param>
/// <param name="DurableAt">The revision by which all that was in it before is durable.</param>
public sealed record OverlayWord(ImmutableArray<OverlaidHealth> Transitions, long DurableAt)
{
    public static OverlayWord None { get; } = new([], 0);
}

/// <summary>An instance's health as it was last seen by a console that cannot write it.</summary>
/// <param name="Epoch">Of the instance's share when it was seen; 0 = not held, or nothing is fenced.</param>
public sealed record OverlaidHealth(InstanceKey Key, HealthState State, long Epoch = 0);
