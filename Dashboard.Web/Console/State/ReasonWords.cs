using Dashboard.Core.Operations;

namespace Dashboard.Web.Console.State;

/// <summary>What keeps a stage from being done, in a word or two each: to be read before the sentence.</summary>
public static class ReasonWords
{
    // Only what the sentence explains and the stage's own name does not say.
    private static readonly (StageReasons Reason, string Word)[] Words =
    [
        (StageReasons.Refused, "Refused"),
        (StageReasons.Panic, "Panic"),
        (StageReasons.SlowStart, "Slow start"),
        (StageReasons.StaleDns, "Stale DNS?"),
        (StageReasons.LongLived, "Long-lived connections"),
        (StageReasons.NoTraffic, "No traffic"),
        (StageReasons.NotHealthy, "Not healthy"),
        (StageReasons.OutOfRotation, "Out of rotation"),
        (StageReasons.DeadlinePassed, "Deadline passed"),
    ];

    public static IEnumerable<string> Of(StageReasons reasons) => Words.Where(pair => reasons.HasFlag(pair.Reason)).Select(pair => pair.Word);
}
