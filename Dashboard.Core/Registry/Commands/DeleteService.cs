using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Deletes a service with its instances. Operators' decisions about the instances are kept.</summary>
public sealed record DeleteService(string Service) : OperatorCommand
{
    public override string Action => "service.delete";

    public override string Target => Service;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (!snapshot.TryGetService(Service, out var service))
        {
            return Decision.NoService(Service);
        }

        var changes = new List<EntityChange>();
        foreach (var instance in service.Instances.Values)
        {
            changes.AddRange(Departure.Of(snapshot, instance, context).Select(change => Settled(change, context)));
        }

        changes.AddRange(snapshot.OperatorStates
            .Where(pair => pair.Key.Service == Service && pair.Value.Intent.Kind == IntentKind.Draining && !service.Instances.ContainsKey(pair.Key.Id))
            .OrderBy(pair => pair.Key.Id, StringComparer.Ordinal)
            .Select(pair => Settled(new OperatorChange(pair.Key, pair.Value, pair.Value), context)));
        if (service.Brake is not null)
        {
            changes.Add(new BrakeChange(Service, service.Brake, null));
        }

        changes.AddRange(snapshot.Operations.Values.Where(operation => operation.Service == Service)
            .Select(operation => OpenOperations.Close(operation, OperationOutcome.Superseded, "the service was deleted", context)));
        changes.Add(new ServiceChange(Service, service.Definition, null));
        return Guarded(snapshot, changes, context, out _) is { } refusal
            ? new Decision.Refused(refusal)
            : new Decision.Accepted([.. changes]);
    }

    // Its operation ends with the service, and nothing is left that could still be in flight: a drain must not go on without anyone to end it.
    private static EntityChange Settled(EntityChange change, DecisionContext context) =>
        change is OperatorChange { After: { Intent.Kind: IntentKind.Draining } after } state
            ? state with { After = after with { Intent = after.Intent with { Kind = IntentKind.Drained, Since = context.Now, Deadline = null } } }
            : change;
}
