using CsCheck;
using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Xunit;

namespace Dashboard.Tests.Core.Health;

public sealed class HealthPolicyTests
{
    [Theory]
    [InlineData(HealthStatus.Unknown)]
    [InlineData(HealthStatus.Unhealthy)]
    public void Rise_passes_in_a_row_make_it_healthy_and_one_fewer_does_not(HealthStatus from)
    {
        var tally = Run(new(from, 0, 0), 3, 3, "pp");
        Assert.Equal(from, tally.Status);

        Assert.Equal(HealthStatus.Healthy, Run(tally, 3, 3, "p").Status);
    }

    [Theory]
    [InlineData(HealthStatus.Unknown)]
    [InlineData(HealthStatus.Healthy)]
    [InlineData(HealthStatus.Degraded)]
    public void Fall_failures_in_a_row_make_it_unhealthy_and_one_fewer_does_not(HealthStatus from)
    {
        var tally = Run(new(from, 0, 0), 2, 3, "cc");
        Assert.Equal(from, tally.Status);

        Assert.Equal(HealthStatus.Unhealthy, Run(tally, 2, 3, "c").Status);
    }

    [Fact]
    public void One_result_decides_between_healthy_and_degraded()
    {
        Assert.Equal(HealthStatus.Degraded, Run(new(HealthStatus.Healthy, 9, 0), 2, 3, "w").Status);
        Assert.Equal(HealthStatus.Healthy, Run(new(HealthStatus.Degraded, 9, 0), 2, 3, "p").Status);
    }

    [Fact]
    public void A_run_that_is_interrupted_begins_anew()
    {
        Assert.Equal(HealthStatus.Healthy, Run(new(HealthStatus.Healthy, 0, 0), 2, 3, "ccpccpcc").Status);
        Assert.Equal(HealthStatus.Unhealthy, Run(new(HealthStatus.Unhealthy, 0, 0), 2, 3, "pcpcp").Status);
    }

    [Fact]
    public void The_verdict_depends_on_nothing_but_the_last_run_once_the_run_is_long_enough() =>
        Gen.Select(Gen.Enum<HealthStatus>(), Gen.Int[1, 5], Gen.Int[1, 5], Gen.Int[0, 2].Select(i => "pwc"[i]).Array[0, 40]).Sample((start, rise, fall, results) =>
        {
            var tally = new HealthTally(start, 0, 0);
            var history = "";
            foreach (var result in results)
            {
                var before = tally.Status;
                tally = Run(tally, rise, fall, result.ToString());
                history += result;
                var failing = history.Length - history.TrimEnd('c').Length;
                var passing = history.Length - history.TrimEnd('p', 'w').Length;
                Assert.Equal((passing, failing), (tally.Passes, tally.Failures));
                if (failing >= fall)
                {
                    Assert.Equal(HealthStatus.Unhealthy, tally.Status);
                }
                else if (passing >= rise)
                {
                    Assert.Equal(result == 'w' ? HealthStatus.Degraded : HealthStatus.Healthy, tally.Status);
                }
                else if (before is HealthStatus.Unknown or HealthStatus.Unhealthy || failing > 0)
                {
                    Assert.Equal(before, tally.Status);
                }
            }
        });

    private static HealthTally Run(HealthTally tally, int rise, int fall, string results) => results.Aggregate(tally, (now, result) => HealthPolicy.Judge(
        now,
        result switch { 'p' => CheckOutcome.Passing, 'w' => CheckOutcome.Warning, _ => CheckOutcome.Critical },
        rise,
        fall));
}
