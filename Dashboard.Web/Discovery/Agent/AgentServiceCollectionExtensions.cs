using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Agent;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Discovery.Agent;

public static class AgentServiceCollectionExtensions
{
    /// <summary>
    /// Answers HAProxy's agent checks while the host runs. Needs an <see cref="IServingSource"/> and a <see cref="FollowerTable"/>; uses an <see cref="IRegistry"/> where there is one. Keys: see <see cref="AgentOptions.From"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">A key's value cannot be used.</exception>
    public static IServiceCollection AddAgentCheck(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(AgentOptions.From(configuration));
        services.AddSingleton(provider => new AgentServer(
            provider.GetRequiredService<AgentOptions>(),
            provider.GetRequiredService<IServingSource>(),
            provider.GetService<IRegistry>(),
            provider.GetRequiredService<FollowerTable>(),
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<ILogger<AgentServer>>()));
        return services.AddHostedService(provider => provider.GetRequiredService<AgentServer>());
    }
}
