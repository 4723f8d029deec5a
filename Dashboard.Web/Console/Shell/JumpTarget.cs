using Dashboard.Core.Registry;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Plans;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Shell;

/// <summary>Somewhere that Ctrl+K can go, or an act that it can begin.</summary>
/// <param name="Address">Null for an act.</param>
internal sealed record JumpTarget(string Name, string Kind, string? Address)
{
    private const int Limit = 12;

    private const string SilenceAct = "Silence alerts";

    private const string PlanAct = "Plan: drain, undrain or maintain many in waves";

    private static readonly string[] Verbs = ["Drain", "Undrain", "Maintenance", "Shift", "Waves"];

    /// <summary>Opens the act's dialog, where it is previewed and confirmed like everywhere else; null for a place.</summary>
    public Func<ActDialogs, Task>? Begin { get; init; }

    /// <summary>What contains the text, names that begin with it first; at most 12. An act's verb may stand before: <c>drain cart-2</c>.</summary>
    /// <param name="acts">False: places alone, because nothing can be done now.</param>
    public static JumpTarget[] Find(RegistrySnapshot snapshot, string text, bool acts = true)
    {
        text = text.Trim();
        // Without a text these are the places: nobody looks for one of ten thousand acts by scrolling.
        var found = text.Length == 0 ? PlacesOf() : Everything(snapshot).Concat(acts ? Acts(snapshot, text) : []);
        return [.. found
            .Where(target => target.Begin is not null || target.Name.Contains(text, StringComparison.OrdinalIgnoreCase))
            .OrderBy(target => target.Name.StartsWith(text, StringComparison.OrdinalIgnoreCase) ? 0 : 1)
            .ThenBy(target => target.Begin is not null ? 3 : target.Kind == "page" ? 0 : target.Kind == "service" ? 1 : 2)
            .ThenBy(target => target.Name, StringComparer.Ordinal)
            .Take(Limit)];
    }

    private static IEnumerable<JumpTarget> PlacesOf() => Places.All.Select(place => new JumpTarget(place.Name, "page", place.Address)).Append(new("Alerts", "page", "/alerts")).Append(new("Settings", "page", "/settings"));

    private static IEnumerable<JumpTarget> Everything(RegistrySnapshot snapshot) =>
        PlacesOf()
            .Append(new("Services that need attention", "page", "/services?attention=true"))
            .Append(new("Data planes that are behind", "page", "/data-planes?state=behind"))
            .Append(new("Everything that changed", "page", "/activity?all=true"))
            .Append(new JumpTarget("Plans", "page", "/plans"))
            .Concat(snapshot.Operations.Values.Select(operation => new JumpTarget(ChangeWords.Title(operation), $"operation {operation.Id}, under way", Links.Operation(operation.Id))))
            .Concat(snapshot.Plans.Values.Where(plan => plan.Definition is not null).Select(plan => new JumpTarget(PlanWords.Title(plan.Asked), $"plan {plan.Id}, under way", Links.Plan(plan.Id))))
            .Concat(snapshot.Services.Values.Select(service => new JumpTarget(service.Name, "service", Links.Service(service.Name))))
            .Concat(snapshot.Nodes.Values.Select(node => new JumpTarget(node.Name, "node", Links.Node(node.Name))))
            .Concat(snapshot.Services.Values.SelectMany(service => service.Instances.Values)
                .Select(instance => new JumpTarget(instance.Id, $"instance of {instance.Key.Service}", Links.Instance(instance.Key))));

    // "drain cart-2", "dr cart": a verb or its beginning, then part of a name; or part of a name alone.
    private static IEnumerable<JumpTarget> Acts(RegistrySnapshot snapshot, string text)
    {
        if (SilenceAct.Contains(text, StringComparison.OrdinalIgnoreCase))
            yield return new(SilenceAct, "act", null) { Begin = dialogs => dialogs.SilenceAsync(null) };
        if (PlanAct.Contains(text, StringComparison.OrdinalIgnoreCase))
            yield return new(PlanAct, "act", null) { Begin = dialogs => dialogs.PlanAsync(null) };

        var space = text.IndexOf(' ', StringComparison.Ordinal);
        var (verb, name) = space < 0 ? ("", text) : (text[..space], text[(space + 1)..].Trim());
        if (space < 0 && Verbs.Any(known => known.StartsWith(text, StringComparison.OrdinalIgnoreCase)))
            (verb, name) = (text, "");

        foreach (var service in snapshot.Services.Values)
        {
            if (verb.Length > 0 && service.Name.Contains(name, StringComparison.OrdinalIgnoreCase))
            {
                if (Means("Shift") && service.Instances.Values.Select(instance => instance.Registration.Version).Distinct().Count() > 1)
                    yield return new($"Shift {service.Name} to another version", "act on a service", null) { Begin = dialogs => dialogs.ShiftAsync(service.Name) };
                if (Means("Waves"))
                    yield return new($"Waves: drain {service.Name} part by part", "act on a service", null) { Begin = dialogs => dialogs.PlanAsync(new() { Service = service.Name }) };
            }

            foreach (var instance in service.Instances.Values)
            {
                if (!instance.Id.Contains(name, StringComparison.OrdinalIgnoreCase))
                    continue;

                var (key, settings) = (instance.Key, service.Settings);
                if (instance.Operator.Intent.IsActive && Means("Drain"))
                    yield return new($"Drain {key.Id}", $"act on {key.Service}", null) { Begin = dialogs => dialogs.DrainAsync(key, settings) };
                if (!instance.Operator.Intent.IsActive && Means("Undrain"))
                    yield return new($"Undrain {key.Id}", $"act on {key.Service}", null) { Begin = dialogs => dialogs.UndrainAsync(key) };
                if (instance.Operator.Intent.Kind != IntentKind.Maintenance && Means("Maintenance"))
                    yield return new($"Maintenance of {key.Id}", $"act on {key.Service}", null) { Begin = dialogs => dialogs.MaintainAsync(key) };
            }
        }

        foreach (var node in snapshot.Nodes.Values.Where(node => node.Name.Contains(name, StringComparison.OrdinalIgnoreCase)))
        {
            if (node.Intent.IsActive && Means("Drain"))
                yield return new($"Drain host {node.Name}", "act on a node", null) { Begin = dialogs => dialogs.DrainNodeAsync(node.Name) };
            if (!node.Intent.IsActive && Means("Undrain"))
                yield return new($"Undrain host {node.Name}", "act on a node", null) { Begin = dialogs => dialogs.UndrainNodeAsync(node.Name) };
        }

        bool Means(string known) => known.StartsWith(verb, StringComparison.OrdinalIgnoreCase);
    }
}
