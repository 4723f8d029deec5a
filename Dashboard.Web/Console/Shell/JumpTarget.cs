using Dashboard.Core.Registry;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Shell;

/// <summary>Somewhere that Ctrl+K can go.</summary>
internal sealed record JumpTarget(string Name, string Kind, string Address)
{
    private const int Limit = 12;

    /// <summary>What contains the text, names that begin with it first; at most 12.</summary>
    public static JumpTarget[] Find(RegistrySnapshot snapshot, string text)
    {
        text = text.Trim();
        return [.. Everything(snapshot)
            .Where(target => target.Name.Contains(text, StringComparison.OrdinalIgnoreCase))
            .OrderBy(target => target.Name.StartsWith(text, StringComparison.OrdinalIgnoreCase) ? 0 : 1)
            .ThenBy(target => target.Kind == "page" ? 0 : target.Kind == "service" ? 1 : 2)
            .ThenBy(target => target.Name, StringComparer.Ordinal)
            .Take(Limit)];
    }

    private static IEnumerable<JumpTarget> Everything(RegistrySnapshot snapshot) =>
        Places.All.Select(place => new JumpTarget(place.Name, "page", place.Address))
            .Concat(snapshot.Services.Values.Select(service => new JumpTarget(service.Name, "service", Links.Service(service.Name))))
            .Concat(snapshot.Nodes.Values.Select(node => new JumpTarget(node.Name, "node", Links.Node(node.Name))))
            .Concat(snapshot.Services.Values.SelectMany(service => service.Instances.Values)
                .Select(instance => new JumpTarget(instance.Id, $"instance of {instance.Key.Service}", Links.Instance(instance.Key))));
}
