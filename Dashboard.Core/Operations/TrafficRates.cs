using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations;

/// <summary>Rates from the last seconds' reports.</summary>
internal sealed class TrafficRates(TrafficStore traffic) : IServiceRates
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PeakSpan = TimeSpan.FromMinutes(5);

    public IReadOnlyDictionary<string, double>? RpsOf(string service) => traffic.Reporters.IsEmpty
        ? null
        : traffic.Query(service, Window).Instances.ToDictionary(instance => instance.Key.Id, instance => instance.Figures.Rps, StringComparer.Ordinal);

    public double? PeakOf(string service) => traffic.Reporters.IsEmpty
        ? null
        // The steps begin at multiples of 10 s; what came since the last one counts too.
        : Math.Max(traffic.Chart(service, null, PeakSpan, Window).Select(point => point.Rps ?? 0).DefaultIfEmpty(0).Max(), traffic.Query(service, Window).Total.Rps);
}
