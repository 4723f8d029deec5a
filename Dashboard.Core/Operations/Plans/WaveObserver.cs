using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations.Plans;

/// <summary>How far the instances of a plan's waves have come: what the registry says of their intents, and the operations of what data planes and traffic say.</summary>
internal static class WaveObserver
{
    private const int NamesShown = 3;

    /// <summary>Every wave of a plan.</summary>
    public static ImmutableArray<WaveView> Look(Plan plan, RegistrySnapshot snapshot, ILookup<InstanceKey, OperationView> operations, ILookup<string, OperationView> hosts)
    {
        var waves = ImmutableArray.CreateBuilder<WaveView>(plan.Asked.Waves.Length);
        for (var index = 0; index < plan.Asked.Waves.Length; index++)
        {
            var begun = index < plan.WaveStarts.Length;
            var wave = plan.Asked.Waves[index];
            ImmutableArray<TargetView> targets = wave.Percent is not null ? []
                : [.. wave.Targets.Select((target, position) => Look(plan, target, begun && (index < plan.Wave || position < plan.Position), snapshot, operations))];
            waves.Add(new(index + 1, State(plan, index, targets, snapshot), begun ? plan.WaveStarts[index] : null, Text(plan, index, targets, snapshot, hosts), targets));
        }

        return waves.MoveToImmutable();
    }

    /// <summary>Everything of the wave is done or left alone, and every act was carried out.</summary>
    public static bool IsDone(Plan plan, ImmutableArray<TargetView> targets, RegistrySnapshot snapshot) =>
        plan.Position == plan.Asked.Waves[plan.Wave].Acts
        && targets.All(target => target.State is not TargetState.UnderWay and not TargetState.Waiting)
        && (plan.Asked.Waves[plan.Wave].Node is not { } node || snapshot.Nodes.GetValueOrDefault(node)?.Intent.Kind != IntentKind.Draining);

    private static TargetView Look(Plan plan, PlanTarget target, bool acted, RegistrySnapshot snapshot, ILookup<InstanceKey, OperationView> operations)
    {
        var key = target.Key;
        if (!acted)
            return PlanEffects(snapshot, target) is { } why && plan.IsOpen ? new(key, TargetState.Skipped, why) : new(key, TargetState.Waiting, "");

        if (snapshot.FindInstance(key) is not { } instance)
            return new(key, TargetState.Done, "not registered any more");

        var view = operations[key].FirstOrDefault(each => each.Operation.Plan == plan.Id);
        var intent = instance.Operator.Intent;
        if (intent.Plan == plan.Id)
        {
            return plan.Asked.Kind == PlanKind.Drain
                ? intent.Kind == IntentKind.Draining ? new(key, TargetState.UnderWay, view?.Stages[^1].Text ?? "draining", view?.Id, view?.Alarm ?? false) : new(key, TargetState.Done, "drained", view?.Id)
                : Acknowledged(key, instance, view, snapshot);
        }

        // The host's own intent took over from its instances'.
        if (instance.NodeIntent.Plan == plan.Id)
            return new(key, TargetState.Done, "with its host");

        return intent.IsActive && plan.Asked.Kind != PlanKind.Undrain && instance.Operator.Revision > plan.Revision
            ? new(key, TargetState.Returned, "was put back into service")
            : new(key, TargetState.Skipped, $"{intent.Kind.ToString().ToLowerInvariant()} by {intent.Actor ?? "somebody else"}");
    }

    private static string? PlanEffects(RegistrySnapshot snapshot, PlanTarget target) =>
        Registry.Commands.PlanEffects.IsAsExpected(snapshot, target) ? null
            : snapshot.FindInstance(target.Key) is { } instance ? $"{instance.EffectiveIntent.Kind.ToString().ToLowerInvariant()}{(instance.EffectiveIntent.Actor is { } actor ? $" by {actor}" : "")} meanwhile" : "not registered any more";

    // An operation that is not on the board yet has been acknowledged by nobody; one that has ended is over.
    private static TargetView Acknowledged(InstanceKey key, Instance instance, OperationView? view, RegistrySnapshot snapshot)
    {
        if (view is null && snapshot.Operations.Values.Any(operation => operation.Plan == instance.Operator.Intent.Plan && operation.Instances.Contains(key)))
            return new(key, TargetState.UnderWay, "being published");

        if (view is { IsOpen: true } open && open.Stages[(int)StageKind.Acknowledged].State != StageState.Done)
            return new(key, TargetState.UnderWay, $"acknowledged by {open.Stages[(int)StageKind.Acknowledged].Text}", open.Id, open.Alarm);

        return instance.Operator.Ramp is { } ramp
            ? new(key, TargetState.UnderWay, $"at {ramp.Percent} % of its weight", view?.Id)
            : new(key, TargetState.Done, "", view?.Id);
    }

    private static StageState State(Plan plan, int index, ImmutableArray<TargetView> targets, RegistrySnapshot snapshot)
    {
        if (index < plan.Wave || plan.State == PlanState.Completed)
            return StageState.Done;

        if (index > plan.Wave || plan.WaveStarts.Length <= index)
            return StageState.Waiting;

        return !plan.IsOpen ? (plan.Position == plan.Asked.Waves[index].Acts && targets.All(target => target.State == TargetState.Done) && plan.Asked.Shift is null ? StageState.Done : StageState.Unknown)
            : plan.State == PlanState.Paused ? StageState.Stalled
            : plan.Asked.Shift is null && IsDone(plan, targets, snapshot) ? StageState.Done
            : StageState.Active;
    }

    private static string Text(Plan plan, int index, ImmutableArray<TargetView> targets, RegistrySnapshot snapshot, ILookup<string, OperationView> hosts)
    {
        var wave = plan.Asked.Waves[index];
        if (wave.Percent is { } percent)
            return string.Create(CultureInfo.InvariantCulture, $"{percent} % to {plan.Asked.Shift!.To}");

        if (wave.Node is { } node)
            return snapshot.Nodes.GetValueOrDefault(node)?.Intent is { IsActive: false } intent && intent.Plan == plan.Id
                ? $"{node} is {intent.Kind.ToString().ToLowerInvariant()}{(hosts[node].FirstOrDefault() is { IsOpen: true } view ? $": {view.Stages[^1].Text}" : "")}"
                : $"{node} itself, for what registers there later";

        var names = string.Join(", ", targets.Take(NamesShown).Select(target => target.Key.Id)) + (targets.Length > NamesShown ? $" and {targets.Length - NamesShown} more" : "");
        var done = targets.Count(target => target.State is TargetState.Done or TargetState.Skipped);
        return index == plan.Wave && !plan.WaveStarts.IsEmpty ? $"{done} of {targets.Length}: {names}" : names;
    }
}
