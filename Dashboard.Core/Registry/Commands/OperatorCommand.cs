using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>An operator's act: may be stale, is bound by the guard unless overridden, and opens an operation.</summary>
public abstract record OperatorCommand : RegistryCommand
{
    /// <summary>The revision that the operator looked at; null = no check.</summary>
    public long? ExpectedRevision { get; init; }

    /// <summary>Carry out although the guard refuses. Needs a <see cref="RegistryCommand.Reason"/>.</summary>
    public bool Override { get; init; }

    /// <summary>Ids of the followers whose acknowledgement will count.</summary>
    public ImmutableArray<string> Followers { get; init; } = [];

    /// <summary>When the request came; null = the time of the decision.</summary>
    public DateTimeOffset? RequestedAt { get; init; }

    /// <summary>The operation that an accepted act opens.</summary>
    private protected Operation Open(DecisionContext context, string action, string? service, string? node, ImmutableArray<InstanceKey> instances, bool overridden) => new()
    {
        Id = context.Revision,
        Action = action,
        Service = service,
        Node = node,
        Instances = instances,
        Actor = context.Actor.Name,
        Reason = Reason,
        RequestedAt = RequestedAt ?? context.Now,
        CommittedAt = context.Now,
        Followers = Followers,
        Overridden = overridden,
    };

    /// <summary>Refuses when an instance was created, or its operator fields were changed, after the revision that the operator looked at.</summary>
    private protected Refusal? StaleRefusal(RegistrySnapshot snapshot, IEnumerable<InstanceKey> targets)
    {
        if (ExpectedRevision is not { } expected)
        {
            return null;
        }

        foreach (var key in targets)
        {
            var changed = snapshot.OperatorStateOf(key).Revision;
            var created = snapshot.FindInstance(key)?.Entry.CreatedRevision ?? 0;
            if (changed > expected || created > expected)
            {
                return Stale(key.ToString(), expected, Math.Max(changed, created));
            }
        }

        return null;
    }

    private protected Refusal? StaleRefusal(RegistrySnapshot snapshot, string node) =>
        ExpectedRevision is { } expected && snapshot.Nodes.GetValueOrDefault(node)?.State is { } state && state.Revision > expected
            ? Stale($"node:{node}", expected, state.Revision)
            : null;

    /// <summary>Applies the guard to an operator's act; also tells whether it had to be overridden.</summary>
    private protected Refusal? Guarded(RegistrySnapshot snapshot, IReadOnlyCollection<EntityChange> changes, DecisionContext context, out bool overridden)
    {
        overridden = false;
        if (context.Actor.Kind != ActorKind.Operator || ServingGuard.Check(snapshot, changes) is not { } refusal)
        {
            return null;
        }

        if (!Override)
        {
            return refusal;
        }

        if (string.IsNullOrWhiteSpace(Reason))
        {
            return refusal with { Message = $"{refusal.Message} An override needs a reason." };
        }

        overridden = true;
        return null;
    }

    private static Refusal Stale(string target, long expected, long changed) => new(
        RefusalKind.Stale,
        $"{target} was changed at revision {changed}, after revision {expected} that this request was based on.",
        new Dictionary<string, object?> { ["target"] = target, ["expectedRevision"] = expected, ["changedRevision"] = changed });
}
