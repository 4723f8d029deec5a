using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>What a command wants from the snapshot it was shown: changes, or a refusal.</summary>
public abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>It is carried out.</summary>
    /// <param name="Changes">What changes; empty = everything is so already, no revision is used.</param>
    /// <param name="Operation">The operation that it opened or, asked again, the one that is open already.</param>
    public sealed record Accepted(ImmutableArray<EntityChange> Changes, long? Operation = null) : Decision;

    public sealed record Refused(Refusal Refusal) : Decision;

    public static Decision Nothing(long? operation = null) => new Accepted([], operation);

    public static Decision Refuse(RefusalKind kind, string message) => new Refused(new(kind, message));

    public static Decision NotFound(InstanceKey key) => Refuse(RefusalKind.NotFound, $"Service {key.Service} has no instance {key.Id}.");

    public static Decision NoService(string service) => Refuse(RefusalKind.NotFound, $"There is no service {service}.");
}
