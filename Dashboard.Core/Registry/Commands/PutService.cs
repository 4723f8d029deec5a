using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Creates a service or changes its settings.</summary>
public sealed record PutService(string Service, ServiceSettings Settings) : RegistryCommand
{
    public override string Action => "service.put";

    public override string Target => Service;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context)
    {
        var before = snapshot.Services.GetValueOrDefault(Service)?.Definition;
        if (before?.Settings == Settings)
        {
            return Decision.Nothing();
        }

        return new Decision.Accepted([new ServiceChange(Service, before, new(Settings, before?.CreatedRevision ?? context.Revision))]);
    }
}
