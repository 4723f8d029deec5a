namespace Dashboard.Core.Operations;

/// <summary>What instances carry now, for previews.</summary>
public interface IServiceRates
{
    /// <summary>Requests per second by instance id; null when nobody reports for the service. An instance that is left out carries nothing.</summary>
    IReadOnlyDictionary<string, double>? RpsOf(string service);

    /// <summary>The service's highest requests per second over 10 s within the last five minutes; null when nobody reports for it.</summary>
    double? PeakOf(string service);
}
