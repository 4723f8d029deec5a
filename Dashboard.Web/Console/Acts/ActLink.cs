using System.Data.Common;
using System.Globalization;
using Dashboard.Core.Attention;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Plans;

namespace Dashboard.Web.Console.Acts;

/// <summary>
/// The names of acts in addresses, <c>?act=drain:cart/cart-2</c>: a link to an opened dialog, in which the act is previewed and confirmed by whoever follows it. Scoped: one a circuit.
/// </summary>
public sealed class ActLink(ActDialogs dialogs, IRegistry registry, IChangeHistory history, OperationTracker operations, AttentionBoard attention)
{
    /// <summary>Its name in an address' query.</summary>
    public const string Parameter = "act";

    /// <summary>Opens the dialog that a name stands for.</summary>
    /// <returns>Why there is none, for the viewer; null when it was opened.</returns>
    public async Task<string?> OpenAsync(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        try
        {
            if (await FindAsync(colon < 0 ? name : name[..colon], colon < 0 ? "" : name[(colon + 1)..]) is not { } open)
                return $"The link's act, “{name}”, cannot be begun: what it is about is gone, or over.";

            // It ends when the dialog is closed.
            _ = open();
            return null;
        }
        catch (Exception away) when (away is DbException or TimeoutException)
        {
            return $"The link's act, “{name}”, cannot be begun now: the registry's database does not answer.";
        }
    }

    private async Task<Func<Task>?> FindAsync(string verb, string target)
    {
        var snapshot = registry.Current;
        var slash = target.IndexOf('/', StringComparison.Ordinal);
        var instance = slash < 0 ? null : snapshot.FindInstance(new(target[..slash], target[(slash + 1)..]));
        var number = long.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : -1;
        var operation = snapshot.Operations.GetValueOrDefault(number);
        return verb switch
        {
            "drain" when instance is not null => () => dialogs.DrainAsync(instance.Key, snapshot.Services[instance.Key.Service].Settings),
            "undrain" when instance is not null => () => dialogs.UndrainAsync(instance.Key),
            "maintain" when instance is not null => () => dialogs.MaintainAsync(instance.Key),
            "drain-host" when snapshot.Nodes.ContainsKey(target) => () => dialogs.DrainNodeAsync(target),
            "undrain-host" when snapshot.Nodes.ContainsKey(target) => () => dialogs.UndrainNodeAsync(target),
            "shift" when snapshot.Services.ContainsKey(target) => () => dialogs.ShiftAsync(target),
            "plan" => () => dialogs.PlanAsync(SelectionOf(target)),
            "silence" => () => dialogs.SilenceAsync(attention.Feed.Current.Find(target)),
            "acknowledge" when attention.Feed.Current.Find(target) is { } alert => () => dialogs.AcknowledgeAsync(alert),
            "extend" when operation is not null => () => dialogs.ExtendAsync(operation),
            "cancel" when operation is not null => () => dialogs.CancelAsync(operation),
            "force" when operation is not null => () => dialogs.ForceAsync(operations.ViewOf(operation)),
            "undo" when await history.FindAsync(number, CancellationToken.None) is { } change => () => dialogs.UndoAsync(change),
            _ when PlanSteers.TryGetValue(verb, out var move) && (snapshot.Plans.GetValueOrDefault(number) ?? await history.FindPlanAsync(number, CancellationToken.None)) is { } plan => () => dialogs.SteerAsync(plan, move),
            _ => null,
        };
    }

    internal static string? Of(PlanSelection? selection)
    {
        if (selection is null)
            return "plan";

        var parts = new (string Name, string? Value)[] { ("service", selection.Service), ("zone", selection.Zone), ("node", selection.Node), ("version", selection.Version) };
        // Instances that were picked one by one do not fit into an address.
        return selection.Instances.IsEmpty ? $"plan:{string.Join(';', parts.Where(part => part.Value is not null).Select(part => $"{part.Name}={part.Value}"))}" : null;
    }

    internal static string Of(PlanSteer move, long plan) => FormattableString.Invariant($"{PlanSteers.First(one => one.Value == move).Key}:{plan}");

    private static readonly Dictionary<string, PlanSteer> PlanSteers = new(StringComparer.Ordinal)
    {
        ["pause-plan"] = PlanSteer.Pause,
        ["resume-plan"] = PlanSteer.Resume,
        ["cancel-plan"] = PlanSteer.Cancel,
        ["roll-back-plan"] = PlanSteer.RollBack,
    };

    private static PlanSelection? SelectionOf(string text)
    {
        var parts = text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('=', 2)).Where(part => part.Length == 2).GroupBy(part => part[0]).ToDictionary(part => part.Key, part => part.First()[1], StringComparer.Ordinal);
        return parts.Count == 0 ? null
            : new() { Service = parts.GetValueOrDefault("service"), Zone = parts.GetValueOrDefault("zone"), Node = parts.GetValueOrDefault("node"), Version = parts.GetValueOrDefault("version") };
    }
}
