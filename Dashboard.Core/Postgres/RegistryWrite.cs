using System.Collections.Immutable;
using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>What one transaction writes: the changes, and each entity that they touched as it is after the last of them.</summary>
internal sealed class RegistryWrite
{
    private readonly SortedSet<string> _services = new(StringComparer.Ordinal);
    private readonly HashSet<InstanceKey> _instances = [];
    private readonly HashSet<InstanceKey> _operators = [];
    private readonly HashSet<string> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<long, Operation?> _operations = [];
    private readonly Dictionary<long, Plan> _plans = [];
    private readonly Dictionary<long, AlertMark?> _marks = [];

    private readonly List<RegistryChange> _changes = [];
    private readonly List<ChangeRow> _rows = [];

    public RegistryWrite(RegistrySnapshot before, RegistrySnapshot after, ImmutableArray<RegistryChange> changes, byte[] previousHash)
    {
        Before = before;
        After = before;
        PreviousHash = previousHash;
        Extend(after, changes);
    }

    /// <summary>Adds what comes after; not once it is being written.</summary>
    public void Extend(RegistrySnapshot after, ImmutableArray<RegistryChange> changes)
    {
        After = after;
        var hash = _rows.Count > 0 ? Hash : PreviousHash;
        foreach (var change in changes)
        {
            var row = ChangeRow.From(change, hash);
            hash = row.Hash;
            _rows.Add(row);
            _changes.Add(change);
            foreach (var entity in change.Changes)
                Note(entity);
        }
    }

    public RegistrySnapshot Before { get; }

    public RegistrySnapshot After { get; private set; }

    /// <summary>The hash of the row that the first of these follows.</summary>
    public byte[] PreviousHash { get; }

    public IReadOnlyList<RegistryChange> Changes => _changes;

    public IReadOnlyList<ChangeRow> Rows => _rows;

    /// <summary>Left in the head row, where it is found again after a commit whose answer was lost.</summary>
    public Guid Batch { get; } = Guid.NewGuid();

    public byte[] Hash => _rows[^1].Hash;

    /// <summary>
    /// Those whose own row changes. What happens to an instance that stays is kept with that: the revision that last touched a service is the highest of its row's and its instances', so that
    /// a registration writes one row and not two.
    /// </summary>
    public IEnumerable<ServiceSnapshot> ChangedServices => ServiceRows().Select(name => After.Services.GetValueOrDefault(name)).OfType<ServiceSnapshot>();

    public IEnumerable<string> RemovedServices => ServiceRows().Where(name => !After.Services.ContainsKey(name));

    public IEnumerable<Instance> ChangedInstances => _instances.Select(After.FindInstance).OfType<Instance>();

    public IEnumerable<InstanceKey> RemovedInstances => _instances.Where(key => After.FindInstance(key) is null);

    public IEnumerable<(InstanceKey Key, OperatorState State)> ChangedOperatorStates =>
        _operators.Where(After.OperatorStates.ContainsKey).Select(key => (key, After.OperatorStates[key]));

    public IEnumerable<InstanceKey> RemovedOperatorStates => _operators.Where(key => !After.OperatorStates.ContainsKey(key));

    public IEnumerable<(string Name, NodeState State)> ChangedNodes =>
        _nodes.Select(name => (name, After.Nodes.GetValueOrDefault(name)?.State)).Where(node => node.State is not null).Select(node => (node.name, node.State!));

    public IEnumerable<string> RemovedNodes => _nodes.Where(name => After.Nodes.GetValueOrDefault(name)?.State is null);

    public IEnumerable<Operation> ChangedOperations => _operations.Values.OfType<Operation>();

    public IEnumerable<long> RemovedOperations => _operations.Where(pair => pair.Value is null).Select(pair => pair.Key);

    /// <summary>Whether followers are kept from this registry is another than before.</summary>
    public bool WithholdingChanged { get; private set; }

    public IEnumerable<Plan> ChangedPlans => _plans.Values;

    public IEnumerable<AlertMark> ChangedAlertMarks => _marks.Values.OfType<AlertMark>();

    public IEnumerable<long> RemovedAlertMarks => _marks.Where(pair => pair.Value is null).Select(pair => pair.Key);

    /// <summary>The services that <paramref name="changes"/> made different from one snapshot to the other.</summary>
    public static ImmutableHashSet<string> ServicesTouched(RegistrySnapshot before, RegistrySnapshot after, ImmutableArray<RegistryChange> changes)
    {
        var names = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            foreach (var entity in change.Changes)
            {
                switch (entity)
                {
                    case ServiceChange c:
                        Add(c.Name);
                        break;
                    case BrakeChange c:
                        Add(c.Service);
                        break;
                    case InstanceChange c:
                        Add(c.Key.Service);
                        break;
                    case HealthChange c:
                        Add(c.Key.Service);
                        break;
                    case OperatorChange c:
                        Add(c.Key.Service);
                        break;
                    case NodeChange c:
                        foreach (var key in (before.Nodes.GetValueOrDefault(c.Name)?.Instances ?? []).Union(after.Nodes.GetValueOrDefault(c.Name)?.Instances ?? []))
                            Add(key.Service);
                        break;
                }
            }
        }

        return names.ToImmutable();

        void Add(string name)
        {
            // An operator's decision about an absent instance, for one, changes no service.
            if (!ReferenceEquals(before.Services.GetValueOrDefault(name), after.Services.GetValueOrDefault(name)))
                names.Add(name);
        }
    }

    // A node's intent is one of its instances' too, but no row of theirs says so: their services' rows carry the revision.
    private SortedSet<string> ServiceRows()
    {
        if (_nodes.Count == 0)
            return _services;

        var rows = new SortedSet<string>(_services, StringComparer.Ordinal);
        var touched = ServicesTouched(Before, After, [.. _changes]);
        foreach (var node in _nodes)
        {
            foreach (var key in (Before.Nodes.GetValueOrDefault(node)?.Instances ?? []).Union(After.Nodes.GetValueOrDefault(node)?.Instances ?? []))
            {
                if (touched.Contains(key.Service))
                    rows.Add(key.Service);
            }
        }

        return rows;
    }

    private void Note(EntityChange entity)
    {
        switch (entity)
        {
            case ServiceChange c:
                _services.Add(c.Name);
                break;
            case BrakeChange c:
                _services.Add(c.Service);
                break;
            case InstanceChange c:
                _instances.Add(c.Key);
                // Its row would have carried the revision, see ChangedServices.
                if (c.After is null)
                    _services.Add(c.Key.Service);
                break;
            case HealthChange c:
                _instances.Add(c.Key);
                break;
            case OperatorChange c:
                _operators.Add(c.Key);
                if (After.Services.ContainsKey(c.Key.Service))
                    _services.Add(c.Key.Service);
                break;
            case NodeChange c:
                _nodes.Add(c.Name);
                break;
            case FollowerChange:
                break;
            case WithholdingChange:
                WithholdingChanged = true;
                break;
            case OperationChange c:
                _operations[c.Id] = c.After;
                break;
            case PlanChange { After: { } plan }:
                _plans[plan.Id] = plan;
                break;
            case AlertMarkChange c:
                _marks[c.Id] = c.After;
                break;
            default:
                throw new InvalidOperationException($"Unknown entity change {entity.GetType().Name}.");
        }
    }
}
