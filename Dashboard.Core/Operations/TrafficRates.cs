using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations;

/// <summary>Rates from the last seconds' reports.</summary>
internal sealed class TrafficRates(TrafficStore traffic) : IServiceRates
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    public IReadOnlyDictionary<string, double>? RpsOf(string service) => traffic.Reporters.IsEmpty
        ? null
        : traffic.Query(service, Window).Instances.ToDictionary(instance => instance.Key.Id, instance => instance.Figures.Rps, StringComparer.Ordinal);
}
