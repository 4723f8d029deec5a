using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>Where an instance stands: the verdict and the run of results since.</summary>
/// <param name="Passes">Results in a row that were not critical.</param>
/// <param name="Failures">Critical results in a row.</param>
public readonly record struct HealthTally(HealthStatus Status, int Passes, int Failures)
{
    /// <summary>The length of the present run.</summary>
    public int Consecutive => Math.Max(Passes, Failures);
}

/// <summary>
/// Rise and fall: so many passes in a row make an instance healthy, so many failures in a row make it unhealthy, and until then the verdict stays. The first verdict
/// is made the same way; the scheduler makes it come quickly, see <see cref="CheckSchedule"/>. Between Healthy and Degraded one result decides, because both serve.
/// </summary>
public static class HealthPolicy
{
    /// <summary>The tally after one more result. A different <see cref="HealthTally.Status"/> is a transition.</summary>
    public static HealthTally Judge(HealthTally tally, CheckOutcome outcome, int rise, int fall)
    {
        if (outcome == CheckOutcome.Critical)
        {
            var failures = Increased(tally.Failures);
            return new(failures >= fall ? HealthStatus.Unhealthy : tally.Status, 0, failures);
        }

        var passes = Increased(tally.Passes);
        var serving = tally.Status is HealthStatus.Healthy or HealthStatus.Degraded;
        var judged = outcome == CheckOutcome.Warning ? HealthStatus.Degraded : HealthStatus.Healthy;
        return new(serving || passes >= rise ? judged : tally.Status, passes, 0);
    }

    private static int Increased(int run) => run == int.MaxValue ? run : run + 1;
}
