using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Core.Topology;

/// <summary>Adds what all viewers of the graph share.</summary>
public static class TopologyRegistration
{
    /// <summary>Adds <see cref="Neighbourhoods"/>.</summary>
    public static IServiceCollection AddTopology(this IServiceCollection services) => services.AddSingleton<Neighbourhoods>();
}
