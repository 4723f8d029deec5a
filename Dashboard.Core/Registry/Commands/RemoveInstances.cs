using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Failover: removes instances that stayed unhealthy or silent for too long. Refused while the service's mass-loss brake is engaged.</summary>
public sealed record RemoveInstances(string Service, ImmutableArray<string> Ids, string Cause) : RegistryCommand
{
    public override string Action => "instance.remove";

    public override string Target => Ids.Length == 1 ? $"{Service}/{Ids[0]}" : Service;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        if (!snapshot.TryGetService(Service, out var service))
        {
            return Decision.NoService(Service);
        }

        if (service.Brake is { } brake)
        {
            return new Decision.Refused(new(RefusalKind.Conflict, $"The mass-loss brake of {Service} is engaged: {brake.Lost} of {brake.Total} instances were lost at once."));
        }

        return new Decision.Accepted([.. Ids
            .Select(id => service.Instances.GetValueOrDefault(id))
            .OfType<Instance>()
            // One that came back or registered anew since the decision stays.
            .Where(instance => instance.HealthStatus == HealthStatus.Unhealthy)
            .SelectMany(instance => Departure.Of(snapshot, instance, context))]);
    }
}
