using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>
/// What of the registry has changed since the checks were last made to fit: instances by id where that is known to be all, else services as a whole. The feed writes it and the loop takes
/// it. Bounded by the names of services and, for each, by <see cref="MostIds"/>.
/// </summary>
internal sealed class TouchedInstances
{
    // Beyond this a look at the service as a whole costs no more.
    private const int MostIds = 1024;

    private readonly Lock _gate = new();
    private Dictionary<string, HashSet<string>?> _services = new(StringComparer.Ordinal);
    private bool _everything;

    /// <summary>No list of changes leads here: after a start, an overflow or a restore.</summary>
    public void NoteEverything()
    {
        lock (_gate)
        {
            _everything = true;
        }
    }

    public void Note(IReadOnlyList<RegistryUpdate> updates)
    {
        lock (_gate)
        {
            foreach (var update in updates)
            {
                Note(update);
            }
        }
    }

    /// <summary>Makes an engine's checks fit the registry, as far as what was noted since the last call asks for it.</summary>
    public void Sync(HealthEngine engine, IRegistry registry)
    {
        Dictionary<string, HashSet<string>?> services;
        bool everything;
        lock (_gate)
        {
            if (!_everything && _services.Count == 0)
            {
                return;
            }

            (everything, services) = (_everything, _services);
            (_everything, _services) = (false, new(StringComparer.Ordinal));
        }

        // Taken after what was noted: it has all of that, and may have more, which will be noted yet.
        var current = registry.Current;
        if (everything)
        {
            engine.SyncAll(current);
            return;
        }

        foreach (var (name, ids) in services)
        {
            if (ids is null)
            {
                engine.Sync(name, current);
            }
            else
            {
                engine.Sync(name, ids, current);
            }
        }
    }

    private void Note(RegistryUpdate update)
    {
        // What an overlay adds or takes away is in no change.
        if (update.Before.Overlay != 0 || update.After.Overlay != 0 || update.Changes.IsEmpty || !TryNoteIds(update))
        {
            foreach (var name in update.Services)
            {
                _services[name] = null;
            }
        }
    }

    /// <summary>False where the changes are of more than instances: a service's settings or a node's intent are all its instances'.</summary>
    private bool TryNoteIds(RegistryUpdate update)
    {
        foreach (var change in update.Changes)
        {
            foreach (var entity in change.Changes)
            {
                switch (entity)
                {
                    case InstanceChange c:
                        Note(c.Key);
                        break;
                    case HealthChange c:
                        Note(c.Key);
                        break;
                    case OperatorChange c:
                        Note(c.Key);
                        break;
                    case ServiceChange or BrakeChange or NodeChange:
                        return false;
                }
            }
        }

        return true;
    }

    private void Note(InstanceKey key)
    {
        if (!_services.TryGetValue(key.Service, out var ids))
        {
            _services[key.Service] = ids = new(StringComparer.Ordinal);
        }

        if (ids is not null && ids.Add(key.Id) && ids.Count > MostIds)
        {
            _services[key.Service] = null;
        }
    }
}
