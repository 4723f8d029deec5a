using System.Collections.Immutable;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Topology;

/// <summary>
/// Services that mostly call one another, as groups: modularity by local moving, level by level (Blondel et al., "Fast unfolding of communities in large
/// networks", 2008). Who calls whom counts, not how often, so that a busy minute regroups nothing. One for all viewers; the newest is read from any thread.
/// </summary>
public sealed class Neighbourhoods
{
    // A member of a standing group changes sides only for a clear gain, as a part of its own calls: what an operator has learned to find stays there.
    private const double Inertia = 0.15;

    // The resolution of the modularity rises with the mesh: of a thousand services there are some dozens of groups that a screen holds each, of twenty there are a few.
    private const double ServicesByResolution = 300;
    private const double FinestResolution = 3;

    private const int MostRounds = 20;

    private ImmutableDictionary<string, string> _current = ImmutableDictionary<string, string>.Empty;
    private ImmutableHashSet<EdgeKey> _calls = [];

    /// <summary>By service, the name of its neighbourhood: the member with the most callers and callees. Services without calls are in none.</summary>
    public ImmutableDictionary<string, string> Current => Volatile.Read(ref _current);

    /// <summary>Groups the services of a graph; standing groups keep their name and, as far as the calls allow, their members. One caller at a time.</summary>
    public ImmutableDictionary<string, string> Update(TopologyGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var calls = graph.Edges.Keys.Where(edge => edge.Source != edge.Target && graph.Nodes.ContainsKey(edge.Source) && graph.Nodes.ContainsKey(edge.Target)).ToImmutableHashSet();
        if (calls.SetEquals(_calls))
        {
            return Current;
        }

        _calls = calls;
        var next = Group(calls, Current);
        Volatile.Write(ref _current, next);
        return next;
    }

    /// <summary>The same calls and the same groups before give the same groups.</summary>
    internal static ImmutableDictionary<string, string> Group(IEnumerable<EdgeKey> calls, ImmutableDictionary<string, string> before)
    {
        var edges = calls.OrderBy(call => call.Source, StringComparer.Ordinal).ThenBy(call => call.Target, StringComparer.Ordinal).ToArray();
        var names = edges.SelectMany(edge => new[] { edge.Source, edge.Target }).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        var index = names.Select((name, at) => (name, at)).ToDictionary(pair => pair.name, pair => pair.at, StringComparer.Ordinal);
        var links = new Dictionary<int, double>[names.Length];
        for (var node = 0; node < names.Length; node++)
        {
            links[node] = [];
        }

        foreach (var edge in edges)
        {
            Link(links, index[edge.Source], index[edge.Target], 1);
        }

        var standing = names.Any(before.ContainsKey);
        var members = standing ? Standing(names, before) : Enumerable.Range(0, names.Length).ToArray();
        var resolution = Math.Clamp(names.Length / ServicesByResolution, 1, FinestResolution);
        Move(links, members, resolution, standing ? Inertia : 0);
        // Standing groups are left as large as they are; new ones are merged as long as that groups better.
        while (!standing)
        {
            var groups = Merge(links, members);
            var above = Enumerable.Range(0, groups.Length).ToArray();
            if (!Move(groups, above, resolution, 0))
            {
                break;
            }

            members = [.. members.Select(member => above[member])];
        }

        return Named(names, links, members, before);
    }

    private static void Link(Dictionary<int, double>[] links, int from, int to, double weight)
    {
        links[from][to] = links[from].GetValueOrDefault(to) + weight;
        if (from != to)
        {
            links[to][from] = links[to].GetValueOrDefault(from) + weight;
        }
    }

    private static int[] Standing(string[] names, ImmutableDictionary<string, string> before)
    {
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        return [.. names.Select(name => before.TryGetValue(name, out var group) ? NumberOf(group) : NumberOf("\0" + name))];

        int NumberOf(string group)
        {
            if (!groups.TryGetValue(group, out var number))
            {
                groups[group] = number = groups.Count;
            }

            return number;
        }
    }

    /// <summary>Moves each node to the group of its neighbours that raises the modularity most, until none does. True when something moved.</summary>
    private static bool Move(Dictionary<int, double>[] links, int[] members, double resolution, double inertia)
    {
        var degrees = links.Select((row, node) => row.Sum(link => link.Key == node ? 2 * link.Value : link.Value)).ToArray();
        var all = degrees.Sum();
        if (all == 0)
        {
            return false;
        }

        var totals = new double[Math.Max(members.Length, members.Max() + 1)];
        for (var node = 0; node < members.Length; node++)
        {
            totals[members[node]] += degrees[node];
        }

        var moved = false;
        var near = new SortedDictionary<int, double>();
        for (var round = 0; round < MostRounds; round++)
        {
            var better = false;
            for (var node = 0; node < members.Length; node++)
            {
                near.Clear();
                foreach (var (other, weight) in links[node])
                {
                    if (other != node)
                    {
                        near[members[other]] = near.GetValueOrDefault(members[other]) + weight;
                    }
                }

                var own = members[node];
                totals[own] -= degrees[node];
                var best = own;
                var bestGain = near.GetValueOrDefault(own) - resolution * totals[own] * degrees[node] / all + 1e-9 + inertia * degrees[node];
                foreach (var (group, weight) in near)
                {
                    var gain = weight - resolution * totals[group] * degrees[node] / all;
                    if (gain > bestGain)
                    {
                        (best, bestGain) = (group, gain);
                    }
                }

                totals[best] += degrees[node];
                members[node] = best;
                better |= best != own;
            }

            moved |= better;
            if (!better)
            {
                break;
            }
        }

        return moved;
    }

    private static Dictionary<int, double>[] Merge(Dictionary<int, double>[] links, int[] members)
    {
        var count = Renumber(members);
        var merged = new Dictionary<int, double>[count];
        for (var group = 0; group < count; group++)
        {
            merged[group] = [];
        }

        for (var node = 0; node < links.Length; node++)
        {
            foreach (var (other, weight) in links[node])
            {
                if (other >= node)
                {
                    Link(merged, members[node], members[other], weight);
                }
            }
        }

        return merged;
    }

    private static int Renumber(int[] members)
    {
        var numbers = new Dictionary<int, int>();
        for (var node = 0; node < members.Length; node++)
        {
            if (!numbers.TryGetValue(members[node], out var number))
            {
                numbers[members[node]] = number = numbers.Count;
            }

            members[node] = number;
        }

        return numbers.Count;
    }

    private static ImmutableDictionary<string, string> Named(string[] names, Dictionary<int, double>[] links, int[] members, ImmutableDictionary<string, string> before)
    {
        var named = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var groups = Enumerable.Range(0, names.Length).GroupBy(node => members[node]).ToArray();
        foreach (var group in groups)
        {
            var kept = group.Select(node => names[node]).FirstOrDefault(name => before.GetValueOrDefault(name) == name);
            var name = kept ?? names[group.OrderByDescending(node => links[node].Count).ThenBy(node => names[node], StringComparer.Ordinal).First()];
            foreach (var node in group)
            {
                named[names[node]] = name;
            }
        }

        return named.ToImmutable();
    }
}
