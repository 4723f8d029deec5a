using System.Collections.Immutable;

namespace Dashboard.Core.Registry;

/// <summary>Collects stored rows and makes the maps of a snapshot in one go: applied one by one, each of a hundred thousand instances would copy its way through them.</summary>
internal sealed class SnapshotLoad
{
    private readonly Dictionary<string, ServiceDefinition> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BrakeState> _brakes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(string Id, InstanceEntry Entry)>> _instances = new(StringComparer.Ordinal);
    private readonly Dictionary<InstanceKey, HealthState> _health = [];
    private readonly Dictionary<InstanceKey, OperatorState> _operators = [];
    private readonly Dictionary<string, NodeState> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Operation> _operations = [];
    private readonly Dictionary<long, Plan> _plans = [];
    private readonly Dictionary<long, AlertMark> _marks = [];

    /// <summary>What keeps the registry from followers; null = nothing.</summary>
    public Withholding? Withholding { get; private set; }

    /// <summary>Takes a row, in any order; one whose value is absent is none.</summary>
    public void Add(EntityChange entity)
    {
        switch (entity)
        {
            case ServiceChange { After: { } definition } change:
                _services[change.Name] = definition;
                break;
            case BrakeChange { After: { } brake } change:
                _brakes[change.Service] = brake;
                break;
            case InstanceChange { After: { } entry } change:
                if (!_instances.TryGetValue(change.Key.Service, out var instances))
                    _instances[change.Key.Service] = instances = [];
                instances.Add((change.Key.Id, entry));
                break;
            case HealthChange { After: { } health } change:
                _health[change.Key] = health;
                break;
            case OperatorChange { After: { } state } change:
                _operators[change.Key] = state;
                break;
            case NodeChange { After: { } state } change:
                _nodes[change.Name] = state;
                break;
            case OperationChange { After: { IsOpen: true } operation }:
                _operations[operation.Id] = operation;
                break;
            case PlanChange { After: { IsOpen: true } plan }:
                _plans[plan.Id] = plan;
                break;
            case AlertMarkChange { After: { } mark }:
                _marks[mark.Id] = mark;
                break;
            case WithholdingChange change:
                Withholding = change.After;
                break;
        }
    }

    /// <summary>What operators decided, and what runs on which node.</summary>
    public (ImmutableDictionary<string, NodeSnapshot> Nodes, ImmutableDictionary<InstanceKey, OperatorState> Operators, ImmutableDictionary<long, Operation> Operations) Decisions()
    {
        var hosted = new Dictionary<string, ImmutableHashSet<InstanceKey>.Builder>(StringComparer.Ordinal);
        foreach (var (name, instances) in _instances)
        {
            if (!_services.ContainsKey(name))
                continue;

            foreach (var (id, entry) in instances)
            {
                if (entry.Registration.Node is not { } node)
                    continue;
                if (!hosted.TryGetValue(node, out var keys))
                    hosted[node] = keys = ImmutableHashSet.CreateBuilder<InstanceKey>();
                keys.Add(new(name, id));
            }
        }

        var nodes = ImmutableDictionary.CreateBuilder<string, NodeSnapshot>();
        foreach (var name in hosted.Keys.Union(_nodes.Keys))
            nodes[name] = new(name, _nodes.GetValueOrDefault(name), hosted.TryGetValue(name, out var keys) ? keys.ToImmutable() : []);
        return (nodes.ToImmutable(), _operators.ToImmutableDictionary(), _operations.ToImmutableDictionary());
    }

    /// <summary>The plans that are still open.</summary>
    public ImmutableDictionary<long, Plan> Plans() => _plans.ToImmutableDictionary();

    public ImmutableDictionary<long, AlertMark> AlertMarks() => _marks.ToImmutableDictionary();

    /// <summary>The services with their instances. Instances of an unknown service are left out.</summary>
    /// <param name="revisions">The revision that last touched each service; one without gets <paramref name="revision"/>.</param>
    public ImmutableDictionary<string, ServiceSnapshot> Services(
        ImmutableDictionary<string, NodeSnapshot> nodes, ImmutableDictionary<InstanceKey, OperatorState> operators, long revision, IReadOnlyDictionary<string, long>? revisions)
    {
        var services = ImmutableDictionary.CreateBuilder<string, ServiceSnapshot>();
        foreach (var (name, definition) in _services)
        {
            var instances = RegistrySnapshot.NoInstances.ToBuilder();
            foreach (var (id, entry) in _instances.GetValueOrDefault(name) ?? [])
            {
                var key = new InstanceKey(name, id);
                instances[id] = new Instance
                {
                    Key = key,
                    Entry = entry,
                    Operator = operators.GetValueOrDefault(key, OperatorState.None),
                    NodeIntent = entry.Registration.Node is { } node ? nodes[node].Intent : Intent.Active,
                    Health = _health.GetValueOrDefault(key),
                };
            }

            var touched = revisions is not null && revisions.TryGetValue(name, out var known) ? known : revision;
            services[name] = new(name, definition, _brakes.GetValueOrDefault(name), touched, instances.ToImmutable());
        }

        return services.ToImmutable();
    }
}
