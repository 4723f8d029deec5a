using Dashboard.Core.Registry;

namespace Dashboard.Core.Topology;

/// <summary>A service or an instance that a search found.</summary>
/// <param name="Instance">Null: the service itself.</param>
public sealed record TopologyMatch(ServiceSnapshot Service, Instance? Instance);

/// <summary>What a search found: the best matches, and how many there are in all.</summary>
/// <param name="Services">The best services, best first.</param>
/// <param name="Instances">The best instances, best first.</param>
public sealed record TopologyMatches(IReadOnlyList<TopologyMatch> Services, int ServiceCount, IReadOnlyList<TopologyMatch> Instances, int InstanceCount)
{
    public static readonly TopologyMatches None = new([], 0, [], 0);
}

/// <summary>
/// Finds services by name, and instances by id, service, address, node, zone or version. Every word must be in one of them, in any case: <c>cart zone-b</c> finds cart's
/// instances there. One pass over the snapshot: 10,000 instances take a few milliseconds.
/// </summary>
public static class TopologySearch
{
    /// <param name="limit">Of services and of instances, at most so many each.</param>
    public static TopologyMatches Find(RegistrySnapshot registry, string text, int limit)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words.Length == 0)
        {
            return TopologyMatches.None;
        }

        var whole = text.Trim();
        var services = new Best(limit);
        var instances = new Best(limit);
        foreach (var service in registry.Services.Values)
        {
            if (words.All(word => Has(service.Name, word)))
            {
                services.Add(Rank(service.Name, whole), service.Name, new(service, null));
            }

            foreach (var instance in service.Instances.Values)
            {
                if (words.All(word => Has(instance, word)))
                {
                    // An id that says it comes before an address that does, before a service that alone does.
                    var rank = Has(instance.Id, words[0]) ? Rank(instance.Id, whole) : HasPlace(instance.Registration, words[0]) ? 4 : 5;
                    instances.Add(rank, instance.Id, new(service, instance));
                }
            }
        }

        return new(services.Matches, services.Count, instances.Matches, instances.Count);
    }

    private static bool Has(Instance instance, string word) => Has(instance.Id, word) || Has(instance.Key.Service, word) || HasPlace(instance.Registration, word);

    private static bool HasPlace(Registration registration, string word)
    {
        var colon = word.LastIndexOf(':');
        return Has(registration.Address, word) || Has(registration.Node, word) || Has(registration.Zone, word) || Has(registration.Version, word)
            || (colon > 0 && int.TryParse(word.AsSpan(colon + 1), out var port) && registration.Port == port && registration.Address.AsSpan().SequenceEqual(word.AsSpan(0, colon).Trim("[]")));
    }

    private static bool Has(string? text, string word) => text is not null && text.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static int Rank(string name, string whole) =>
        name.Equals(whole, StringComparison.OrdinalIgnoreCase) ? 0
        : name.StartsWith(whole, StringComparison.OrdinalIgnoreCase) ? 1
        : name.Contains(whole, StringComparison.OrdinalIgnoreCase) ? 2
        : 3;

    /// <summary>The few best of many, in order.</summary>
    private sealed class Best(int limit)
    {
        private readonly SortedSet<(int Rank, int Length, string Name, string Service)> _order = new(Comparer<(int Rank, int Length, string Name, string Service)>.Create(Compare));
        private readonly Dictionary<(string Name, string Service), TopologyMatch> _matches = [];

        public int Count { get; private set; }

        public IReadOnlyList<TopologyMatch> Matches => [.. _order.Select(key => _matches[(key.Name, key.Service)])];

        public void Add(int rank, string name, TopologyMatch match)
        {
            Count++;
            var key = (rank, name.Length, name, match.Service.Name);
            if (_order.Count == limit)
            {
                if (Compare(key, _order.Max) > 0)
                {
                    return;
                }

                _matches.Remove((_order.Max.Name, _order.Max.Service));
                _order.Remove(_order.Max);
            }

            _order.Add(key);
            _matches[(name, match.Service.Name)] = match;
        }

        private static int Compare((int Rank, int Length, string Name, string Service) a, (int Rank, int Length, string Name, string Service) b)
        {
            var byRank = a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : a.Length.CompareTo(b.Length);
            var byName = byRank != 0 ? byRank : string.CompareOrdinal(a.Name, b.Name);
            return byName != 0 ? byName : string.CompareOrdinal(a.Service, b.Service);
        }
    }
}
