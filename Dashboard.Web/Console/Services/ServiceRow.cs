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

    public required OutOfRotation Out { get; init; }

    public required string Policy { get; init; }

    public double? Rps { get; init; }

    public double? ErrorRate { get; init; }

    public double? P95Ms { get; init; }

    public bool NeedsAttention => State != MeshState.Healthy || !Out.IsNone;

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
            Out = OutOfRotation.Of(service.Instances.Values),
            Rps = traffic?.Rps,
            ErrorRate = traffic?.ErrorRate,
            P95Ms = traffic?.P95Ms,
            Policy = ServiceWords.Policy(service.Settings.Policy),
        };
    }
}
