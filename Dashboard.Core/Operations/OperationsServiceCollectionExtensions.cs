using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Core.Operations;

/// <summary>Adds previews, operators' acts and the life of operations.</summary>
public static class OperationsServiceCollectionExtensions
{
    public static IServiceCollection AddOperations(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IServiceRates, NoRates>();
        services.AddSingleton<PreviewCalculator>();
        services.AddSingleton<OperatorDesk>();
        services.AddSingleton<OperationTracker>();
        return services;
    }

    private sealed class NoRates : IServiceRates
    {
        public IReadOnlyDictionary<string, double>? RpsOf(string service) => null;
    }
}
