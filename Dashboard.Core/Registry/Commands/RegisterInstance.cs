using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>
/// Registers an instance, or renews its registration. Never changes what operators decided. A new id on an address and port that another instance of the
/// service holds replaces that instance and inherits the decisions about it.
/// </summary>
public sealed record RegisterInstance(InstanceKey Key, Registration Registration) : RegistryCommand
{
    public override string Action => "instance.register";

    public override string Target => Key.ToString();

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        var service = snapshot.Services.GetValueOrDefault(Key.Service);
        var settings = service?.Settings ?? ServiceSettings.Default;
        if (Registration.Ttl is not null && settings.Check.Kind != CheckKind.Ttl)
        {
            return Decision.Refuse(RefusalKind.Conflict, $"ttlSeconds needs a service whose check is ttl; the check of {Key.Service} is {settings.Check.Kind.ToString().ToLowerInvariant()}.");
        }

        var known = service?.Instances.GetValueOrDefault(Key.Id);
        if (known?.Registration == Registration)
        {
            return Decision.Nothing();
        }

        var changes = ImmutableArray.CreateBuilder<EntityChange>();
        if (service is null)
        {
            changes.Add(new ServiceChange(Key.Service, null, new(settings, context.Revision)));
        }

        var state = snapshot.OperatorStates.GetValueOrDefault(Key);
        if (HolderOfEndpoint(service, known) is { } replaced)
        {
            state = Replace(snapshot, replaced, state, context, changes);
        }
        else if (state?.AbsentSince is not null)
        {
            changes.Add(new OperatorChange(Key, state, state with { AbsentSince = null }));
        }

        changes.Add(new InstanceChange(Key, known?.Entry, known is null
            ? new(Registration, context.Revision, context.Now)
            : known.Entry with { Registration = Registration }));
        AddHealth(settings, known, context, changes);
        return new Decision.Accepted(changes.ToImmutable());
    }

    // An instance that stays where it is holds that endpoint itself: no other can.
    private Instance? HolderOfEndpoint(ServiceSnapshot? service, Instance? known) =>
        service is null || (known is not null && known.Registration.Port == Registration.Port && known.Registration.Address == Registration.Address)
            ? null
            : service.FindHolder(Registration.Address, Registration.Port);

    private OperatorState? Replace(RegistrySnapshot snapshot, Instance replaced, OperatorState? own, DecisionContext context, ImmutableArray<EntityChange>.Builder changes)
    {
        if (replaced.Health is not null)
        {
            changes.Add(new HealthChange(replaced.Key, replaced.Health, null));
        }

        changes.Add(new InstanceChange(replaced.Key, replaced.Entry, null));
        var inherited = snapshot.OperatorStates.GetValueOrDefault(replaced.Key);
        if (inherited is not null)
        {
            changes.Add(new OperatorChange(replaced.Key, inherited, null));
        }

        // Its own decisions count before those it inherits: an operator meant this id.
        var inherits = own is null or { IsDefault: true } && inherited is { IsDefault: false };
        var next = (inherits ? inherited ?? own : own) is { } kept ? kept with { AbsentSince = null } : null;
        if (next != own)
        {
            changes.Add(new OperatorChange(Key, own, next));
        }

        changes.AddRange(snapshot.Operations.Values.OrderBy(operation => operation.Id).Select(operation => Handed(operation, replaced.Key, inherits, context)).OfType<OperationChange>());
        return next;
    }

    /// <summary>What becomes of an open operation when this id takes the place of another; null = nothing.</summary>
    private OperationChange? Handed(Operation operation, InstanceKey replaced, bool inherits, DecisionContext context)
    {
        var aboutIntent = operation.Action is OpenOperations.Drain or OpenOperations.Undrain or OpenOperations.Maintenance;
        if (!operation.Instances.Contains(replaced))
        {
            // The inherited intent takes the place of the one that this operation set.
            return inherits && aboutIntent && operation.Instances.Contains(Key)
                ? OpenOperations.Close(operation, OperationOutcome.Superseded, $"{Key.Id} took the place and the intent of {replaced.Id}", context)
                : null;
        }

        if (aboutIntent && !inherits)
        {
            return OpenOperations.Close(operation, OperationOutcome.Superseded, $"{replaced.Id} was replaced by {Key.Id}, which keeps its own intent", context);
        }

        return new(operation.Id, operation, operation with { Instances = [.. operation.Instances.Select(key => key == replaced ? Key : key).Distinct()] });
    }

    // Another address is another process: what was observed of the old one says nothing of it.
    private void AddHealth(ServiceSettings settings, Instance? known, DecisionContext context, ImmutableArray<EntityChange>.Builder changes)
    {
        var moved = known is not null && (known.Registration.Address != Registration.Address || known.Registration.Port != Registration.Port);
        if (settings.Check.Kind == CheckKind.None && (known?.Health is null || moved))
        {
            changes.Add(new HealthChange(Key, known?.Health, new(HealthStatus.Healthy, context.Now, "not checked", 0)));
        }
        else if (moved && known!.Health is not null)
        {
            changes.Add(new HealthChange(Key, known.Health, null));
        }
    }
}
