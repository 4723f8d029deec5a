using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Balancing;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Operations;

/// <summary>Works out what a command would do: the decision itself, and its consequences for every service that it touches.</summary>
public sealed class PreviewCalculator(FollowerTable followers, IServiceRates rates, TimeProvider time)
{
    /// <summary>What the command would do to the snapshot.</summary>
    public OperationPreview Preview(RegistrySnapshot snapshot, RegistryCommand command, Actor actor)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(actor);
        var context = new DecisionContext(actor, time.GetUtcNow(), snapshot.Revision + 1);
        var decision = command.Decide(snapshot, context);
        var refusal = (decision as Decision.Refused)?.Refusal;
        // What a guard refuses is shown with its consequences all the same: they are why it refuses.
        var shown = refusal is { Kind: RefusalKind.Guard } && command is OperatorCommand guarded
            ? (guarded with { Override = true, Reason = string.IsNullOrWhiteSpace(guarded.Reason) ? "preview" : guarded.Reason }).Decide(snapshot, context)
            : decision;
        var changes = shown is Decision.Accepted accepted ? accepted.Changes : [];
        var plan = command is StartPlan && changes is [PlanChange { After: { } asked }] ? asked : null;
        var impacts = Impacts(snapshot, plan is not null ? StartPlan.EndOf(snapshot, plan.Asked) : PlanPreviews.Ahead(snapshot, command) ?? changes);
        var opened = changes.OfType<OperationChange>().FirstOrDefault(change => change.Before is null)?.After;
        return new()
        {
            Action = command.Action,
            Target = command.Target,
            Revision = snapshot.Revision,
            Refusal = refusal,
            NoChange = decision is Decision.Accepted { Changes.IsEmpty: true },
            Overridden = refusal is null && (opened is { Overridden: true } || plan is { Overridden: true }),
            ExistingOperation = opened is null && decision is Decision.Accepted { Operation: { } existing } ? existing : null,
            Summary = (plan is null ? "" : PlanPreviews.Summary(plan.Asked)) + Summarise(command, decision, impacts) + Remark(snapshot, command, refusal),
            Services = impacts,
            Followers = command is OperatorCommand act ? followers.FollowersOf(OperatorDesk.ServicesOf(snapshot, act)) : [],
            Collisions = Collisions(snapshot, impacts, changes),
            Waves = plan is null ? [] : PlanPreviews.Waves(snapshot, plan),
            WaveCount = plan?.Asked.Waves.Length ?? 0,
            Replaces = [.. changes.OfType<OperationChange>().Where(change => change is { Before.IsOpen: true, After: null or { IsOpen: false } }).Select(change => change.Id).Order()],
        };
    }

    private ImmutableArray<ServiceImpact> Impacts(RegistrySnapshot snapshot, ImmutableArray<EntityChange> changes)
    {
        if (changes.IsEmpty)
            return [];

        var after = snapshot.Preview(changes);
        return [.. snapshot.Services.Keys.Union(after.Services.Keys)
            .Where(name => !ReferenceEquals(snapshot.Services.GetValueOrDefault(name), after.Services.GetValueOrDefault(name)))
            .Order(StringComparer.Ordinal)
            .Select(name => Impact(name, snapshot.Services.GetValueOrDefault(name), after.Services.GetValueOrDefault(name)))];
    }

    private ServiceImpact Impact(string name, ServiceSnapshot? before, ServiceSnapshot? after)
    {
        var rps = rates.RpsOf(name);
        var peak = rates.PeakOf(name);
        var was = before is null ? SharePrediction.Nobody : SharePrediction.For(before.Serving);
        var will = after is null ? SharePrediction.Nobody : SharePrediction.For(after.Serving);
        var load = LoadPreview.Compare(was, will, rps);
        var weightsBefore = Weights(before);
        var weightsAfter = Weights(after);
        return new(
            name,
            weightsBefore.Count,
            weightsAfter.Count,
            // The same side of the change as the guard looks at.
            before?.ServingFloor ?? 0,
            before?.Serving.Panic ?? false,
            after?.Serving.Panic ?? false,
            load.MovedShare,
            load.Approximate,
            rps?.Values.Sum(),
            [.. Zones(before).Except(Zones(after)).Order(StringComparer.Ordinal)],
            [.. load.Instances.Select(instance => new InstanceImpact(
                instance.Instance,
                weightsBefore.GetValueOrDefault(instance.Instance),
                weightsAfter.GetValueOrDefault(instance.Instance),
                instance.ShareBefore,
                instance.ShareAfter,
                instance.RpsNow,
                instance.RpsAfter,
                instance.Growth)
            {
                PeakAfter = peak * instance.ShareAfter,
            })])
        {
            RpsPeak = peak,
            SpareBeforeFloor = (after?.Serving.Endpoints.Length ?? 0) - (after?.ServingFloor ?? 0),
            SpareBeforePanic = after is null ? null : SpareBeforePanic(after),
        };
    }

    // Of those that are wanted and were ever judged, so many may still fall ill before fewer than the threshold are eligible.
    private static int? SpareBeforePanic(ServiceSnapshot service)
    {
        var judged = service.Instances.Values.Count(instance => instance.IsWanted && instance.HealthStatus != HealthStatus.Unknown);
        var needed = (int)(((long)judged * service.Settings.PanicThreshold + 99) / 100);
        return service.Settings.PanicThreshold == 0 || service.Serving.Panic ? null : service.EligibleCount - needed;
    }

    private static ImmutableArray<Collision> Collisions(RegistrySnapshot snapshot, ImmutableArray<ServiceImpact> impacts, ImmutableArray<EntityChange> changes)
    {
        var services = impacts.Select(impact => impact.Service).ToHashSet(StringComparer.Ordinal);
        var own = changes.OfType<OperationChange>().Select(change => change.Id).Concat(changes.OfType<PlanChange>().Select(change => change.Id)).ToHashSet();
        return
        [
            .. snapshot.Plans.Values.Where(plan => !own.Contains(plan.Id) && plan.Asked.Services.Any(services.Contains))
                .Select(plan => new Collision(true, plan.Id, plan.Asked.Kind.ToString(), plan.Asked.Selection.Target, plan.Asked.Actor))
                .Concat(snapshot.Operations.Values.Where(operation => !own.Contains(operation.Id) && operation.Instances.Any(key => services.Contains(key.Service)))
                    .Select(operation => new Collision(false, operation.Id, operation.Action, OperationNames.TargetOf(operation), operation.Actor)))
                .OrderByDescending(collision => collision.Id)
                .Take(20),
        ];
    }

    private static Dictionary<string, int> Weights(ServiceSnapshot? service) =>
        service?.Serving.Endpoints.ToDictionary(endpoint => endpoint.Id, endpoint => endpoint.Weight, StringComparer.Ordinal) ?? [];

    private static IEnumerable<string> Zones(ServiceSnapshot? service) => service?.Serving.Endpoints.Select(endpoint => endpoint.Zone).OfType<string>().Distinct() ?? [];

    private static string Summarise(RegistryCommand command, Decision decision, ImmutableArray<ServiceImpact> impacts)
    {
        if (decision is Decision.Refused { Refusal: { Kind: not RefusalKind.Guard } refused })
            return refused.Message;

        if (decision is Decision.Accepted { Changes.IsEmpty: true })
            return $"Nothing to do: {command.Target} is so already.";

        var moved = impacts.Where(impact => impact.MovedShare > 0.0005 || impact.ServingAfter != impact.ServingBefore).ToArray();
        return moved switch
        {
            [] => "No traffic moves.",
            [var only] => Sentence(only),
            _ => $"{moved.Length} services are touched. {string.Join(" ", moved.OrderByDescending(impact => impact.MovedShare).Take(3).Select(Sentence))}",
        };
    }

    // Otherwise an operator would wait for an effect that cannot come.
    private static string Remark(RegistrySnapshot snapshot, RegistryCommand command, Refusal? refusal) =>
        refusal is null && command is SetWeights { Service: var name } && snapshot.Services.GetValueOrDefault(name)?.Settings.Policy == BalancingPolicy.RoundRobin
            ? $" {name} is balanced by roundRobin, which ignores weights above 0."
            : "";

    private static string Sentence(ServiceImpact impact)
    {
        if (impact.ServingAfter == 0)
            return $"{impact.Service} is left with nobody serving.";

        if (impact.ServingBefore == 0)
            return $"{impact.Service} is served again, by {Count(impact.ServingAfter)}.";

        if (impact.MovedShare <= 0.0005)
            return $"{impact.Service} goes from {impact.ServingBefore} to {impact.ServingAfter} serving; no traffic moves.";

        var receivers = impact.Instances.Where(instance => instance.ShareAfter > instance.ShareBefore + 1e-9).ToArray();
        var growths = receivers.Select(instance => instance.Growth).OfType<double>().ToArray();
        var growth = growths.Length == 0 ? ""
            : growths.Max() - growths.Min() < 0.01 ? $", {(receivers.Length > 1 ? "each " : "")}{Percent(growths[0], sign: true)}"
            : $", up to {Percent(growths.Max(), sign: true)} on {receivers.MaxBy(instance => instance.Growth)!.Id}";
        return $"{Percent(impact.MovedShare)} of {Possessive(impact.Service)} traffic moves to {Count(receivers.Length)}{growth}.";
    }

    private static string Possessive(string name) => name.EndsWith('s') ? $"{name}'" : $"{name}'s";

    private static string Count(int instances) => instances == 1 ? "1 instance" : $"{instances} instances";

    private static string Percent(double share, bool sign = false) =>
        string.Create(CultureInfo.InvariantCulture, $"{(sign && share >= 0 ? "+" : "")}{share * 100:0.#} %");
}
