namespace Dashboard.Core.Registry.Commands;

/// <summary>Moves a ramped undrain on; 100 % ends it.</summary>
/// <param name="Percent">Part of the weight that counts from now on, 10-100.</param>
public sealed record StepRamp(InstanceKey Key, int Percent) : RegistryCommand
{
    public override string Action => "instance.ramp";

    public override string Target => Key.ToString();

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context) =>
        snapshot.OperatorStates.GetValueOrDefault(Key) is not { Ramp: { } ramp } state || ramp.Percent >= Percent
            ? Decision.Nothing()
            : new Decision.Accepted([new OperatorChange(Key, state, state with { Ramp = Percent >= 100 ? null : ramp with { Percent = Percent } })]);
}
