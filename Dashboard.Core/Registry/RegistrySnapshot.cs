using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Dashboard.Core.Registry;

/// <summary>
/// The whole registry at one revision. Immutable; <see cref="Apply(RegistryChange)"/> gives the next one and shares what did not change.
/// </summary>
public sealed class RegistrySnapshot
{
    // An instance that takes another's place is another: nothing is to be compared to find that out.
    internal static readonly ImmutableSortedDictionary<string, Instance> NoInstances = ImmutableSortedDictionary.Create<string, Instance>(StringComparer.Ordinal, ReferenceEqualityComparer.Instance);

    private RegistrySnapshot()
    {
    }

    /// <summary>Within a generation revisions are comparable; a restore renews it.</summary>
    public required Guid Generation { get; init; }

    /// <summary>The last applied change; 0 = none.</summary>
    public required long Revision { get; init; }

    /// <summary>Counts health transitions that were applied in memory while Postgres was away and are not committed yet; 0 = none.</summary>
    public long Overlay { get; private init; }

    /// <summary>When the last change was made.</summary>
    public required DateTimeOffset At { get; init; }

    public ImmutableDictionary<string, ServiceSnapshot> Services { get; private init; } = ImmutableDictionary<string, ServiceSnapshot>.Empty;

    public ImmutableDictionary<string, NodeSnapshot> Nodes { get; private init; } = ImmutableDictionary<string, NodeSnapshot>.Empty;

    /// <summary>What operators decided, also about instances that are absent.</summary>
    public ImmutableDictionary<InstanceKey, OperatorState> OperatorStates { get; private init; } = ImmutableDictionary<InstanceKey, OperatorState>.Empty;

    /// <summary>Operations that are still open.</summary>
    public ImmutableDictionary<long, Operation> Operations { get; private init; } = ImmutableDictionary<long, Operation>.Empty;

    /// <summary>Set when this generation began empty although followers held something; null otherwise.</summary>
    public Withholding? Withholding { get; private init; }

    /// <summary>Plans that are still open.</summary>
    public ImmutableDictionary<long, Plan> Plans { get; private init; } = ImmutableDictionary<long, Plan>.Empty;

    /// <summary>Alerts that are acknowledged or silenced, by the revision of the change that did so; also those whose time is over, until they are cleared away.</summary>
    public ImmutableDictionary<long, AlertMark> AlertMarks { get; private init; } = ImmutableDictionary<long, AlertMark>.Empty;

    /// <summary>How many instances are registered.</summary>
    public int InstanceCount { get; private init; }

    public static RegistrySnapshot Empty(Guid generation, DateTimeOffset at) => new() { Generation = generation, Revision = 0, At = at };

    /// <summary>Builds the snapshot from stored rows.</summary>
    /// <param name="serviceRevisions">The revision that last touched each service; a service without one gets <paramref name="revision"/>.</param>
    public static RegistrySnapshot Load(
        Guid generation,
        long revision,
        DateTimeOffset at,
        IEnumerable<EntityChange> entities,
        IReadOnlyDictionary<string, long>? serviceRevisions = null)
    {
        ArgumentNullException.ThrowIfNull(entities);
        var load = new SnapshotLoad();
        foreach (var entity in entities)
        {
            load.Add(entity);
        }

        var (nodes, operators, operations) = load.Decisions();
        var services = load.Services(nodes, operators, revision, serviceRevisions);
        return new()
        {
            Generation = generation,
            Revision = revision,
            At = at,
            Services = services,
            Nodes = nodes,
            OperatorStates = operators,
            Operations = operations,
            Plans = load.Plans(),
            AlertMarks = load.AlertMarks(),
            Withholding = load.Withholding,
            InstanceCount = services.Values.Sum(service => service.Instances.Count),
        };
    }

    public bool TryGetService(string name, [NotNullWhen(true)] out ServiceSnapshot? service) => Services.TryGetValue(name, out service);

    public Instance? FindInstance(InstanceKey key) => Services.TryGetValue(key.Service, out var service) && service.Instances.TryGetValue(key.Id, out var instance) ? instance : null;

    public OperatorState OperatorStateOf(InstanceKey key) => OperatorStates.GetValueOrDefault(key, OperatorState.None);

    public Intent IntentOfNode(string? node) => node is not null && Nodes.TryGetValue(node, out var found) ? found.Intent : Intent.Active;

    /// <summary>The snapshot after a change. Its revision must be the next one.</summary>
    /// <exception cref="InvalidOperationException">The change is not the next one.</exception>
    public RegistrySnapshot Apply(RegistryChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change.Revision != Revision + 1)
        {
            throw new InvalidOperationException($"Change {change.Revision} does not follow revision {Revision}.");
        }

        var builder = new SnapshotBuilder(this, change.Revision);
        foreach (var entity in change.Changes)
        {
            builder.Apply(entity);
        }

        return builder.Build(change.At, Overlay);
    }

    /// <summary>The snapshot as it would be after these entity changes, at the next revision. For guards and previews; nothing is committed.</summary>
    public RegistrySnapshot Preview(IEnumerable<EntityChange> entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        var builder = new SnapshotBuilder(this, Revision + 1);
        foreach (var entity in entities)
        {
            builder.Apply(entity);
        }

        return builder.Build(At, Overlay);
    }

    /// <summary>
    /// The snapshot as it was at an earlier revision. Open operations and plans are left out: what they wait for is not of that time. A service's revision is the whole's.
    /// </summary>
    /// <param name="at">The moment.</param>
    /// <param name="earlier">Each entity that has changed since, with its value then as <c>After</c>.</param>
    public RegistrySnapshot Rewind(long revision, DateTimeOffset at, IEnumerable<EntityChange> earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        var builder = new SnapshotBuilder(this, revision);
        // What was not there yet goes first, while its service and node are; then come services before what belongs to them.
        foreach (var entity in earlier.OrderBy(RewindOrder))
        {
            if (entity is not (PlanChange or OperationChange))
            {
                builder.Apply(entity);
            }
        }

        var then = builder.Build(at, overlay: 0);
        return new()
        {
            Generation = Generation,
            Revision = revision,
            At = at,
            Services = then.Services,
            Nodes = then.Nodes,
            OperatorStates = then.OperatorStates,
            Withholding = then.Withholding,
            InstanceCount = then.InstanceCount,
        };
    }

    private static int RewindOrder(EntityChange entity) => entity switch
    {
        InstanceChange { After: null } => 0,
        ServiceChange => 1,
        NodeChange => 2,
        OperatorChange => 3,
        InstanceChange => 4,
        _ => 5,
    };

    /// <summary>Health transitions while Postgres is away: same revision, next overlay.</summary>
    public RegistrySnapshot ApplyOverlay(IEnumerable<HealthChange> transitions)
    {
        ArgumentNullException.ThrowIfNull(transitions);
        var builder = new SnapshotBuilder(this, Revision);
        foreach (var transition in transitions)
        {
            builder.Apply(transition);
        }

        return builder.Build(At, Overlay + 1);
    }

    /// <summary>Collects one change's effect on the maps; each service is rebuilt once.</summary>
    private sealed class SnapshotBuilder(RegistrySnapshot from, long revision)
    {
        // Nearly every change touches one service.
        private ServiceSnapshot? _one;
        private Dictionary<string, ServiceSnapshot>? _others;
        private HashSet<string>? _removed;
        private ImmutableDictionary<string, NodeSnapshot> _nodes = from.Nodes;
        private ImmutableDictionary<InstanceKey, OperatorState> _operators = from.OperatorStates;
        private ImmutableDictionary<long, Operation> _operations = from.Operations;
        private Withholding? _withholding = from.Withholding;
        private ImmutableDictionary<long, Plan> _plans = from.Plans;
        private ImmutableDictionary<long, AlertMark> _marks = from.AlertMarks;
        private int _instances = from.InstanceCount;

        public void Apply(EntityChange entity)
        {
            switch (entity)
            {
                case ServiceChange { After: null } change:
                    Leave(change.Name);
                    (_removed ??= new(StringComparer.Ordinal)).Add(change.Name);
                    break;
                case ServiceChange change:
                    var existing = Find(change.Name);
                    _removed?.Remove(change.Name);
                    Touch(new(change.Name, change.After!, existing?.Brake, revision, existing?.Instances ?? NoInstances));
                    break;
                case BrakeChange change:
                    if (Find(change.Service) is { } braked)
                    {
                        Touch(new(braked.Name, braked.Definition, change.After, revision, braked.Instances));
                    }

                    break;
                case InstanceChange change:
                    ApplyInstance(change);
                    break;
                case HealthChange change:
                    ApplyHealth(change);
                    break;
                case OperatorChange change:
                    ApplyOperator(change);
                    break;
                case NodeChange change:
                    ApplyNode(change);
                    break;
                case FollowerChange:
                    break;
                case OperationChange change:
                    _operations = change.After is { IsOpen: true } ? _operations.SetItem(change.Id, change.After) : _operations.Remove(change.Id);
                    break;
                case WithholdingChange change:
                    _withholding = change.After;
                    break;
                case PlanChange change:
                    _plans = change.After is { IsOpen: true } plan
                        ? _plans.SetItem(change.Id, plan.Definition is null ? plan with { Definition = _plans[change.Id].Definition } : plan)
                        : _plans.Remove(change.Id);
                    break;
                case AlertMarkChange change:
                    _marks = change.After is { } mark ? _marks.SetItem(change.Id, mark) : _marks.Remove(change.Id);
                    break;
                default:
                    throw new InvalidOperationException($"Unknown entity change {entity.GetType().Name}.");
            }
        }

        public RegistrySnapshot Build(DateTimeOffset at, long overlay)
        {
            var services = _removed is null ? from.Services : from.Services.RemoveRange(_removed);
            if (_one is not null)
                services = services.SetItem(_one.Name, _one);
            if (_others is not null)
                services = services.SetItems(_others);

            return new()
            {
                Generation = from.Generation,
                Revision = revision,
                Overlay = overlay,
                At = at,
                Services = services,
                Nodes = _nodes,
                OperatorStates = _operators,
                Operations = _operations,
                Withholding = _withholding,
                Plans = _plans,
                AlertMarks = _marks,
                InstanceCount = _instances,
            };
        }

        private void Touch(ServiceSnapshot service)
        {
            if (_one is null ? _others is null : _one.Name == service.Name)
                _one = service;
            else
                (_others ??= new(StringComparer.Ordinal))[service.Name] = service;
        }

        private void Leave(string name)
        {
            if (_one?.Name == name)
                _one = null;
            _others?.Remove(name);
        }

        private ServiceSnapshot? Find(string name) =>
            _one?.Name == name ? _one
            : _others is not null && _others.TryGetValue(name, out var touched) ? touched
            : _removed?.Contains(name) == true ? null
            : from.Services.GetValueOrDefault(name);

        private void ApplyInstance(InstanceChange change)
        {
            if (Find(change.Key.Service) is not { } service)
            {
                return;
            }

            var old = service.Instances.GetValueOrDefault(change.Key.Id);
            if (old?.Registration.Node is { } oldNode && oldNode != change.After?.Registration.Node)
            {
                Detach(oldNode, change.Key);
            }

            if (change.After is null)
            {
                if (old is not null)
                {
                    _instances--;
                    Touch(service.With(revision, change.Key.Id, old, null));
                }

                return;
            }

            if (change.After.Registration.Node is { } node && old?.Registration.Node != node)
            {
                var known = _nodes.GetValueOrDefault(node) ?? new(node, null, []);
                if (!known.Instances.Contains(change.Key))
                    _nodes = _nodes.SetItem(node, known with { Instances = known.Instances.Add(change.Key) });
            }

            _instances += old is null ? 1 : 0;
            var instance = (old ?? new Instance { Key = change.Key, Entry = change.After, Operator = _operators.GetValueOrDefault(change.Key, OperatorState.None) }) with
            {
                Entry = change.After,
                NodeIntent = NodeIntent(change.After.Registration.Node),
            };
            Touch(service.With(revision, change.Key.Id, old, instance));
        }

        private void ApplyHealth(HealthChange change) => Update(change.Key, instance => instance with { Health = change.After });

        private void ApplyOperator(OperatorChange change)
        {
            _operators = change.After is null ? _operators.Remove(change.Key) : _operators.SetItem(change.Key, change.After);
            Update(change.Key, instance => instance with { Operator = change.After ?? OperatorState.None });
        }

        private void ApplyNode(NodeChange change)
        {
            var known = _nodes.GetValueOrDefault(change.Name) ?? new(change.Name, null, []);
            var next = known with { State = change.After };
            _nodes = next.State is null && next.Instances.IsEmpty ? _nodes.Remove(change.Name) : _nodes.SetItem(change.Name, next);
            foreach (var key in known.Instances)
            {
                Update(key, instance => instance with { NodeIntent = next.Intent });
            }
        }

        private void Detach(string node, InstanceKey key)
        {
            if (_nodes.TryGetValue(node, out var known))
            {
                known = known with { Instances = known.Instances.Remove(key) };
                _nodes = known.State is null && known.Instances.IsEmpty ? _nodes.Remove(node) : _nodes.SetItem(node, known);
            }
        }

        private Intent NodeIntent(string? node) => node is not null && _nodes.TryGetValue(node, out var found) ? found.Intent : Intent.Active;

        private void Update(InstanceKey key, Func<Instance, Instance> update)
        {
            if (Find(key.Service) is { } service && service.Instances.TryGetValue(key.Id, out var instance))
            {
                Touch(service.With(revision, instance, update(instance)));
            }
        }
    }
}
