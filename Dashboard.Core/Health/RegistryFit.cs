using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>
/// Makes the checks fit the registry: finds whose instances have come, changed or gone since the snapshot that they last fitted. What that means for a check is the engine's. Part of
/// <see cref="HealthEngine"/>, and like it without threads.
/// </summary>
/// <param name="services">The engine's.</param>
/// <param name="fit">Makes the check of an instance that came or changed.</param>
/// <param name="remove">Ends the check of one that is gone.</param>
internal sealed class RegistryFit(Dictionary<string, ServiceChecks> services, Action<ServiceChecks, Instance> fit, Action<ServiceChecks, InstanceCheck> remove)
{
    // Of the service that is being looked at.
    private readonly List<Instance> _changed = [];
    private readonly List<InstanceCheck> _gone = [];

    /// <summary>Makes the checks fit a snapshot as a whole: after a start, an overflow or a restore.</summary>
    public void All(RegistrySnapshot snapshot)
    {
        foreach (var name in services.Keys.Where(name => !snapshot.Services.ContainsKey(name)).ToArray())
        {
            Service(name, snapshot);
        }

        foreach (var name in snapshot.Services.Keys)
        {
            Service(name, snapshot);
        }
    }

    /// <summary>Makes the checks of one service fit a snapshot.</summary>
    public void Service(string name, RegistrySnapshot snapshot)
    {
        var known = services.GetValueOrDefault(name);
        if (!snapshot.TryGetService(name, out var service))
        {
            if (known is not null)
            {
                foreach (var check in known.Instances.Values.ToArray())
                {
                    remove(known, check);
                }

                services.Remove(name);
            }

            return;
        }

        if (known is not null && ReferenceEquals(known.Fitted, service))
        {
            return;
        }

        var settled = known is not null && ReferenceEquals(known.Snapshot.Definition, service.Definition);
        known ??= services[name] = new(service);
        known.Snapshot = service;
        known.Fitted = service;
        known.WantedCount = 0;
        _changed.Clear();
        foreach (var (id, instance) in service.Instances)
        {
            known.WantedCount += instance.EffectiveIntent.IsActive ? 1 : 0;
            // Snapshots share the instances that did not change: most of a large service's.
            if (!settled || !known.Instances.TryGetValue(id, out var check) || !ReferenceEquals(check.Seen, instance))
            {
                _changed.Add(instance);
            }
        }

        foreach (var instance in _changed)
        {
            fit(known, instance);
        }

        if (known.Instances.Count > service.Instances.Count)
        {
            foreach (var check in known.Instances.Values.Where(check => !service.Instances.ContainsKey(check.Key.Id)).ToArray())
            {
                remove(known, check);
            }
        }
    }

    /// <summary>Makes the checks of some of a service's instances fit a snapshot: those that changed, where nothing else did. In a large service most stay as they are.</summary>
    public void Instances(string name, IReadOnlyCollection<string> ids, RegistrySnapshot snapshot)
    {
        if (!services.TryGetValue(name, out var known) || !snapshot.TryGetService(name, out var service) || !ReferenceEquals(known.Snapshot.Definition, service.Definition))
        {
            Service(name, snapshot);
            return;
        }

        known.Snapshot = service;
        _changed.Clear();
        _gone.Clear();
        foreach (var id in ids)
        {
            var check = known.Instances.GetValueOrDefault(id);
            if (!service.Instances.TryGetValue(id, out var instance))
            {
                if (check is not null)
                {
                    _gone.Add(check);
                    known.WantedCount -= check.IsWanted ? 1 : 0;
                }
            }
            else if (!ReferenceEquals(check?.Seen, instance))
            {
                _changed.Add(instance);
                known.WantedCount += (instance.EffectiveIntent.IsActive ? 1 : 0) - (check is { IsWanted: true } ? 1 : 0);
            }
        }

        foreach (var instance in _changed)
        {
            fit(known, instance);
        }

        foreach (var check in _gone)
        {
            remove(known, check);
        }
    }
}
