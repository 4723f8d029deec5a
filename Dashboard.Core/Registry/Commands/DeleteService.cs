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
            changes.AddRange(Departure.Of(snapshot, instance, context));
        }

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
}
