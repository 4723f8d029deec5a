using Dashboard.Core.Operations.Plans;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Core.Operations;

/// <summary>Adds previews, operators' acts and the life of operations. Needs the registry, discovery and traffic.</summary>
public static class OperationsServiceCollectionExtensions
{
    public static IServiceCollection AddOperations(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IServiceRates, TrafficRates>();
        services.AddSingleton<PreviewCalculator>();
        services.AddSingleton<OperatorDesk>();
        services.AddSingleton<OperationTracker>();
        services.AddSingleton<PlanTracker>();
        services.AddSingleton<TimedIntents>();
        services.AddHostedService<OperationService>();
        return services;
    }
}
