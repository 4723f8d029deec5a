namespace Dashboard.Core.Registry.Commands;

/// <summary>Engages or releases (null) a service's mass-loss brake.</summary>
public sealed record SetBrake(string Service, BrakeState? Brake) : RegistryCommand
{
    public override string Action => Brake is null ? "service.brake.release" : "service.brake.engage";

    public override string Target => Service;

    public override Decision Decide(RegistrySnapshot snapshot, DecisionContext context) =>
        !snapshot.TryGetService(Service, out var service) ? Decision.NoService(Service)
        : service.Brake == Brake ? Decision.Nothing()
        : new Decision.Accepted([new BrakeChange(Service, service.Brake, Brake)]);
}
