namespace Dashboard.Web.Console.Acts;

/// <summary>What an operator can do to a plan.</summary>
public enum PlanSteer
{
    Pause,
    Resume,
    Cancel,
    RollBack,
}
