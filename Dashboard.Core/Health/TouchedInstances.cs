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

    /// <summary>Gives what was noted since the last call; false where it is nothing.</summary>
    /// <param name="everything">All services are to be looked at, whatever <paramref name="services"/> says.</param>
    /// <param name="services">By name the ids of the instances that changed; null = look at the service as a whole.</param>
    public bool TryTake(out bool everything, out IReadOnlyDictionary<string, HashSet<string>?> services)
    {
        lock (_gate)
        {
            (everything, services) = (_everything, _services);
            if (!everything && _services.Count == 0)
            {
                return false;
            }

            (_everything, _services) = (false, new(StringComparer.Ordinal));
            return true;
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
