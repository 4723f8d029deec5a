using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Core.History;

/// <summary>Adds the past.</summary>
public static class HistoryServiceCollectionExtensions
{
    /// <summary>Adds <see cref="MeshHistory"/> and writes traffic's minutes. Needs the registry, traffic, health's leases and an <see cref="IHistoryStore"/>.</summary>
    public static IServiceCollection AddHistory(this IServiceCollection services)
    {
        services.AddSingleton<MeshHistory>();
        services.AddHostedService<HistoryRecorder>();
        return services;
    }
}
