using System.Collections.Immutable;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Operations.Plans;

/// <summary>What a plan would do wave by wave, from the state as it is now.</summary>
internal static class PlanPreviews
{
    /// <summary>What the command lets a plan do next; null = it is no such command.</summary>
    public static ImmutableArray<EntityChange>? Ahead(RegistrySnapshot snapshot, RegistryCommand command)
    {
        if (command is not ResumePlan resume || !snapshot.Plans.TryGetValue(resume.Plan, out var plan))
            return null;

        var (wave, from) = plan.Position < plan.Asked.Waves[plan.Wave].Acts ? (plan.Wave, plan.Position) : (plan.Wave + 1, 0);
        return wave < plan.Asked.Waves.Length ? PlanEffects.Of(snapshot, plan.Asked, plan.Weights, wave, from) : [];
    }

    public static string Summary(PlanDefinition plan)
    {
        if (plan.Shift is { } shift)
            return $"{plan.Selection.Service} moves from {shift.From} to {shift.To} in {plan.Waves.Length} {(plan.Waves.Length == 1 ? "step" : "steps")}: {string.Join(", ", plan.Waves.Select(wave => wave.Percent))} %. At the end: ";

        var instances = plan.Waves.Sum(wave => wave.Targets.Length);
        var services = plan.Services.Length;
        return $"{instances} {(instances == 1 ? "instance" : "instances")} of {services} {(services == 1 ? "service" : "services")} in {plan.Waves.Length} {(plan.Waves.Length == 1 ? "wave" : "waves")}. At the end: ";
    }

    /// <summary>The first waves, each after those before it.</summary>
    public static ImmutableArray<WavePreview> Waves(RegistrySnapshot snapshot, Plan plan)
    {
        var waves = ImmutableArray.CreateBuilder<WavePreview>();
        var before = snapshot;
        var weights = ImmutableArray<ShiftedWeight>.Empty;
        for (var index = 0; index < plan.Asked.Waves.Length && index < OperationPreview.WavesShown; index++)
        {
            var wave = plan.Asked.Waves[index];
            var changes = PlanEffects.Of(before, plan.Asked, weights, index);
            if (wave.Percent is { } percent)
                weights = ShiftWeights.At(before, plan.Asked.Selection.Service!, plan.Asked.Shift!, weights, percent);

            var refusal = plan.Overridden || plan.Asked.Kind == PlanKind.Undrain ? null : ServingGuard.Check(before, changes)?.Message;
            var after = before.Preview(changes);
            var services = wave.Targets.Select(target => target.Key.Service).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
            var (most, growth) = MostLoaded(snapshot, after, services);
            waves.Add(new(
                index + 1,
                wave.Percent is null ? [.. wave.Targets.Select(target => target.Key)] : [],
                wave.Percent,
                wave.Node,
                refusal,
                [.. services.Select(service => new WaveService(service, after.Services[service].Serving.Endpoints.Length, after.Services[service].ServingFloor))],
                most,
                growth));
            before = after;
        }

        return waves.ToImmutable();
    }

    private static (InstanceKey? Key, double? Growth) MostLoaded(RegistrySnapshot before, RegistrySnapshot after, string[] services)
    {
        (InstanceKey? Key, double? Growth) most = (null, null);
        foreach (var service in services)
        {
            var (was, will) = (SharePrediction.For(before.Services[service].Serving), SharePrediction.For(after.Services[service].Serving));
            foreach (var (id, share) in will.Shares)
            {
                if (was.Of(id) is > 0 and var old && share / old - 1 is > 1e-9 and var growth && !(growth <= most.Growth))
                    most = (new(service, id), growth);
            }
        }

        return most;
    }
}
