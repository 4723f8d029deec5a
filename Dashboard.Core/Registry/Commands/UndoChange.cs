using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// The inverse of a change of weights, intents or settings, with fresh times. Guarded and audited like any other act; refused as stale when an operator
/// changed one of the targets since.
/// </summary>
public sealed record UndoChange(RegistryChange Change) : OperatorCommand
{
    public override string Action => "undo";

    public override string Target => Change.Target;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (Change.Action is not (OpenOperations.Weights or OpenOperations.Drain or OpenOperations.Undrain or OpenOperations.Maintenance
            or OpenOperations.NodeDrain or OpenOperations.NodeUndrain or "service.put" or "undo"))
        {
            return Decision.Refuse(RefusalKind.Conflict, $"A change of kind {Change.Action} cannot be undone; weights, intents and settings can.");
        }

        var changes = new List<EntityChange>();
        foreach (var change in Change.Changes)
        {
            var refusal = change switch
            {
                OperatorChange operators => Invert(snapshot, operators, context, changes),
                NodeChange node => Invert(snapshot, node, context, changes),
                ServiceChange service => Invert(snapshot, service, changes),
                _ => null,
            };
            if (refusal is not null)
            {
                return new Decision.Refused(refusal);
            }
        }

        if (changes.Count == 0)
        {
            return Decision.Nothing();
        }

        if (Guarded(snapshot, changes, context, out var overridden) is { } guard)
        {
            return new Decision.Refused(guard);
        }

        return Accept(snapshot, changes, overridden, context);
    }

    private Decision.Accepted Accept(RegistrySnapshot snapshot, List<EntityChange> changes, bool overridden, DecisionContext context)
    {
        if (changes.OfType<NodeChange>().FirstOrDefault() is { } node)
        {
            var intent = node.After?.Intent ?? Intent.Active;
            var keys = snapshot.Nodes[node.Name].Instances.OrderBy(key => key.ToString(), StringComparer.Ordinal);
            var operation = Opened(context, intent.IsActive ? OpenOperations.NodeUndrain : OpenOperations.NodeDrain, null, node.Name, [.. keys], overridden, intent);
            return new(
                [.. changes, .. OpenOperations.ReplaceNode(snapshot, node.Name, OperationOutcome.Cancelled, context), new OperationChange(operation.Id, null, operation)],
                operation.Id);
        }

        var touched = changes.OfType<OperatorChange>().ToArray();
        if (touched.Length == 0)
        {
            return new([.. changes]);
        }

        ImmutableArray<InstanceKey> targets = [.. touched.Select(change => change.Key)];
        var sets = touched.Where(change => change.After!.Intent != (change.Before ?? OperatorState.None).Intent).ToArray();
        if (sets.Length == 0)
        {
            var weights = Opened(context, OpenOperations.Weights, targets[0].Service, null, targets, overridden, null);
            return new([.. changes, .. OpenOperations.ReplaceWeights(snapshot, targets, context), new OperationChange(weights.Id, null, weights)], weights.Id);
        }

        var restored = sets[0].After!.Intent;
        var action = restored.Kind switch
        {
            IntentKind.Active => OpenOperations.Undrain,
            IntentKind.Maintenance => OpenOperations.Maintenance,
            _ => OpenOperations.Drain,
        };
        var opened = Opened(context, action, targets[0].Service, null, targets, overridden, restored);
        return new(
            [.. changes, .. targets.SelectMany(key => OpenOperations.ReplaceIntent(snapshot, key, OperationOutcome.Cancelled, context)), new OperationChange(opened.Id, null, opened)],
            opened.Id);
    }

    private Operation Opened(DecisionContext context, string action, string? service, string? node, ImmutableArray<InstanceKey> keys, bool overridden, Intent? intent) =>
        Open(context, action, service, node, keys, overridden) with
        {
            Undoes = Change.Revision,
            Deadline = intent?.Kind == IntentKind.Draining ? intent.Deadline : null,
            AtDeadline = intent?.Kind == IntentKind.Draining ? intent.AtDeadline : null,
        };

    private Refusal? Invert(RegistrySnapshot snapshot, OperatorChange change, DecisionContext context, List<EntityChange> changes)
    {
        var current = snapshot.OperatorStates.GetValueOrDefault(change.Key);
        if (current is null)
        {
            return new(RefusalKind.Stale, $"Nothing of what was decided about {change.Key} is left to undo: another instance took its place.");
        }

        var latest = Math.Max(current.Revision, snapshot.FindInstance(change.Key)?.Entry.CreatedRevision ?? 0);
        if (latest > Change.Revision)
        {
            return ChangedSince(change.Key.ToString(), latest);
        }

        var before = change.Before ?? OperatorState.None;
        var after = change.After ?? OperatorState.None;
        var next = current with
        {
            Weight = before.Weight != after.Weight ? before.Weight : current.Weight,
            Intent = before.Intent != after.Intent ? Renewed(before.Intent, context) : current.Intent,
            Ramp = null,
            Revision = context.Revision,
        };
        changes.Add(new OperatorChange(change.Key, current, next));
        return null;
    }

    private Refusal? Invert(RegistrySnapshot snapshot, NodeChange change, DecisionContext context, List<EntityChange> changes)
    {
        if (snapshot.Nodes.GetValueOrDefault(change.Name)?.State is not { } current || current.Revision > Change.Revision)
        {
            return ChangedSince($"node:{change.Name}", snapshot.Nodes.GetValueOrDefault(change.Name)?.State?.Revision ?? 0);
        }

        changes.Add(new NodeChange(change.Name, current, new(Renewed(change.Before?.Intent ?? Intent.Active, context), context.Revision)));
        return null;
    }

    private Refusal? Invert(RegistrySnapshot snapshot, ServiceChange change, List<EntityChange> changes)
    {
        if (change.Before is null || change.After is null)
        {
            return new(RefusalKind.Conflict, "The creation of a service cannot be undone; delete it.");
        }

        var current = snapshot.Services.GetValueOrDefault(change.Name)?.Definition;
        if (current?.Settings != change.After.Settings)
        {
            return ChangedSince(change.Name, current is null ? 0 : snapshot.Services[change.Name].Revision);
        }

        changes.Add(new ServiceChange(change.Name, current, current! with { Settings = change.Before.Settings }));
        return null;
    }

    // A drain that is restored waits as long again as it was meant to; a maintenance that would have expired by now is over.
    private Intent Renewed(Intent intent, DecisionContext context) => intent.Kind switch
    {
        IntentKind.Active => intent,
        IntentKind.Maintenance when intent.Until <= context.Now => Intent.Active,
        IntentKind.Draining when intent is { Since: { } since, Deadline: { } deadline } =>
            intent with { Since = context.Now, Deadline = context.Now + (deadline - since), Actor = context.Actor.Name, Reason = Reason ?? intent.Reason },
        _ => intent with { Since = context.Now, Actor = context.Actor.Name, Reason = Reason ?? intent.Reason },
    };

    private Refusal ChangedSince(string target, long revision) => new(
        RefusalKind.Stale,
        $"{target} was registered or changed again at revision {revision}, after revision {Change.Revision} that is to be undone.",
        new Dictionary<string, object?> { ["target"] = target, ["undoRevision"] = Change.Revision, ["changedRevision"] = revision });
}
