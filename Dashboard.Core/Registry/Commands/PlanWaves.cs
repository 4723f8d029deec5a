using System.Collections.Immutable;

namespace Dashboard.Core.Registry.Commands;

/// <summary>Which instances a plan is about and in which waves it takes them. Pure.</summary>
internal static class PlanWaves
{
    /// <summary>The instances that match and on which there is something to do.</summary>
    public static ImmutableArray<PlanTarget> Targets(RegistrySnapshot snapshot, PlanKind kind, PlanSelection selection) =>
    [
        .. Candidates(snapshot, selection)
            .Where(selection.Matches)
            .Where(instance => kind == PlanKind.Undrain
                ? instance.Operator.Intent.Kind is IntentKind.Drained or IntentKind.Maintenance
                : instance.Operator.Intent.IsActive && instance.NodeIntent.IsActive)
            .OrderBy(instance => instance.Key.Service, StringComparer.Ordinal).ThenBy(instance => instance.Id, StringComparer.Ordinal)
            .Select(instance => new PlanTarget(instance.Key, kind == PlanKind.Undrain ? instance.Operator.Intent : null)),
    ];

    /// <summary>
    /// Splits targets into waves: in the order of the pace, at most its size a wave, of each service at most its percentage (of all its instances, rounded up) and at most
    /// what the service can spare above its floor, but always at least one.
    /// </summary>
    public static ImmutableArray<PlanWave> Split(RegistrySnapshot snapshot, PlanKind kind, IReadOnlyCollection<PlanTarget> targets, PlanPace pace)
    {
        var caps = targets.Select(target => target.Key.Service).Distinct(StringComparer.Ordinal)
            .ToDictionary(service => service, service => Cap(snapshot.Services[service], kind, pace), StringComparer.Ordinal);
        var waves = ImmutableArray.CreateBuilder<PlanWave>();
        foreach (var group in Groups(snapshot, targets, pace.Order))
        {
            // The n-th of every service before the (n+1)-th of any: a wave is spread over services.
            var waiting = new LinkedList<PlanTarget>(group.GroupBy(target => target.Key.Service, StringComparer.Ordinal)
                .SelectMany(service => service.Select((target, rank) => (target, rank)))
                .OrderBy(ranked => ranked.rank).ThenBy(ranked => ranked.target.Key.Service, StringComparer.Ordinal)
                .Select(ranked => ranked.target));
            while (waiting.Count > 0)
                waves.Add(new() { Targets = Take(waiting, pace.WaveSize ?? int.MaxValue, caps) });
        }

        return waves.ToImmutable();
    }

    private static ImmutableArray<PlanTarget> Take(LinkedList<PlanTarget> waiting, int size, Dictionary<string, int> caps)
    {
        var wave = ImmutableArray.CreateBuilder<PlanTarget>();
        var taken = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var node = waiting.First; node is not null && wave.Count < size;)
        {
            var next = node.Next;
            var service = node.Value.Key.Service;
            var count = taken.GetValueOrDefault(service);
            if (count < caps[service])
            {
                taken[service] = count + 1;
                wave.Add(node.Value);
                waiting.Remove(node);
            }

            node = next;
        }

        return wave.ToImmutable();
    }

    private static int Cap(ServiceSnapshot service, PlanKind kind, PlanPace pace)
    {
        var part = (service.Instances.Count * pace.WavePercent + 99) / 100;
        var spare = kind == PlanKind.Undrain ? int.MaxValue : service.Serving.Endpoints.Length - service.ServingFloor;
        return Math.Max(1, Math.Min(part, spare));
    }

    private static IEnumerable<IEnumerable<PlanTarget>> Groups(RegistrySnapshot snapshot, IReadOnlyCollection<PlanTarget> targets, PlanOrder order) => order == PlanOrder.Spread
        ? [targets]
        : targets.GroupBy(target => snapshot.FindInstance(target.Key)?.Registration.Zone ?? "", StringComparer.Ordinal).OrderBy(zone => zone.Key, StringComparer.Ordinal);

    private static IEnumerable<Instance> Candidates(RegistrySnapshot snapshot, PlanSelection selection)
    {
        if (!selection.Instances.IsEmpty)
            return selection.Instances.Distinct().Select(snapshot.FindInstance).OfType<Instance>();

        if (selection.Service is { } service)
            return snapshot.Services.TryGetValue(service, out var found) ? found.Instances.Values : [];

        if (selection.Node is { } node)
            return snapshot.Nodes.TryGetValue(node, out var host) ? host.Instances.Select(snapshot.FindInstance).OfType<Instance>() : [];

        return snapshot.Services.Values.SelectMany(each => each.Instances.Values);
    }
}
