using Dashboard.Core.Registry;

namespace Dashboard.Core.Topology;

/// <summary>An instance as the graph and the service's page show it. Changes with the registry alone.</summary>
/// <param name="Weight">Effective weight.</param>
/// <param name="Intent">The stricter of its own and its node's.</param>
/// <param name="Serving">It gets new traffic.</param>
/// <param name="Until">When its maintenance ends by itself; null when it does not, or is in none.</param>
public sealed record InstanceDetail(
    string Id,
    string Address,
    int Port,
    string? Node,
    string? Zone,
    string? Version,
    int Weight,
    IntentKind Intent,
    HealthStatus Health,
    bool Serving,
    DateTimeOffset? Until = null)
{
    public static InstanceDetail From(Instance instance, bool serving)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var registration = instance.Registration;
        return new(
            instance.Id, registration.Address, registration.Port, registration.Node, registration.Zone, registration.Version,
            instance.EffectiveWeight, instance.EffectiveIntent.Kind, instance.HealthStatus, serving, instance.EffectiveIntent.Kind == IntentKind.Maintenance ? instance.EffectiveIntent.Until : null);
    }
}
