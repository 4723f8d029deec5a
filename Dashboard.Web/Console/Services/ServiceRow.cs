using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.State;

namespace Dashboard.Web.Console.Services;

/// <summary>One service in the list.</summary>
internal sealed record ServiceRow
{
    public required string Name { get; init; }

    public required MeshState State { get; init; }

    /// <summary>The state in a word or two.</summary>
    public required string Word { get; init; }

    /// <summary>Why it is in this state, in a sentence.</summary>
    public required string Because { get; init; }

    public required int Serving { get; init; }

    public required int Total { get; init; }

    /// <summary>Instances that an operator keeps from traffic, by what they are.</summary>
    public required ImmutableArray<(MeshState State, int Count)> Leaving { get; init; }

    /// <summary>When the first of its maintenances ends by itself; null when none does.</summary>
    public DateTimeOffset? FirstBack { get; init; }

    public required string Policy { get; init; }

    public double? Rps { get; init; }

    public double? ErrorRate { get; init; }

    public double? P95Ms { get; init; }

    public bool NeedsAttention => State != MeshState.Healthy || !Leaving.IsEmpty;

    /// <param name="traffic">What it carries; null when nobody reports.</param>
    public static ServiceRow Of(ServiceSnapshot service, TrafficFigures? traffic)
    {
        var serving = service.Serving;
        return new()
        {
            Name = service.Name,
            State = MeshStates.Of(service),
            Word = ServiceWords.State(service),
            Because = ServiceWords.Because(service),
            Serving = serving.Endpoints.Length,
            Total = serving.Total,
            Leaving = [.. serving.Leaving.GroupBy(endpoint => endpoint.Intent).OrderBy(group => group.Key)
                .Select(group => (MeshStates.Of(group.Key) ?? MeshState.Drained, group.Count()))],
            FirstBack = service.Instances.Values.Where(instance => instance.EffectiveIntent.Kind == IntentKind.Maintenance).Min(instance => instance.EffectiveIntent.Until),
            Rps = traffic?.Rps,
            ErrorRate = traffic?.ErrorRate,
            P95Ms = traffic?.P95Ms,
            Policy = ServiceWords.Policy(service.Settings.Policy),
        };
    }
}
