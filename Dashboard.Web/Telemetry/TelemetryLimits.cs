namespace Dashboard.Web.Telemetry;

/// <summary>How many label sets are exposed at most.</summary>
/// <param name="Instances">Instances that get series of their own; those beyond, in the order of service and id, are only counted.</param>
/// <param name="Services">
/// The same for services. Of these the metrics library keeps room in each metric (about 90 bytes a place), never frees one, and folds what exceeds it into one overflow series; so the limit is ours to keep.
/// </param>
public sealed record TelemetryLimits(int Instances = 15_000, int Services = 2_000)
{
    /// <summary>Places in each metric of services: two complete sets, so that the metrics start afresh at most once for each complete replacement.</summary>
    public int ServicePlaces => 2 * Services;
}
