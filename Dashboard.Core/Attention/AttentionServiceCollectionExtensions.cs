using System.Collections.Immutable;
using Dashboard.Core.Attention.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dashboard.Core.Attention;

/// <summary>Adds alerts and webhooks. Needs the registry, traffic, discovery and operations.</summary>
public static class AttentionServiceCollectionExtensions
{
    /// <param name="options">See <see cref="AttentionConfiguration"/>.</param>
    /// <param name="isMine">Whether this console, of several on the registry, is the one that tells webhooks now; null = it always is.</param>
    /// <param name="consoleUrl">Where this console is reached, once it listens; null = nowhere that a link could name.</param>
    public static IServiceCollection AddAttention(this IServiceCollection services, AttentionOptions options, Func<IServiceProvider, bool>? isMine = null, Func<IServiceProvider, Uri>? consoleUrl = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<INoticeStore, ForgetfulNoticeStore>();
        services.AddSingleton(options);
        services.AddSingleton<AttentionBoard>();
        services.AddSingleton<WebhookBoard>();
        services.AddSingleton<AttentionMetrics>();
        services.AddSingleton(provider => new AttentionDuty(isMine is null ? () => true : () => isMine(provider)));
        services.AddSingleton(provider => new ConsoleAddress(() => consoleUrl?.Invoke(provider) ?? new("http://localhost")));
        services.AddHostedService<AttentionService>();
        services.AddHostedService<WebhookService>();
        return services;
    }

    /// <summary>Where there is no store: everything is told anew after a start.</summary>
    private sealed class ForgetfulNoticeStore : INoticeStore
    {
        public Task<ImmutableArray<AlertNotice>> ReadAsync(string webhook, CancellationToken cancellationToken) => Task.FromResult(ImmutableArray<AlertNotice>.Empty);

        public Task WriteAsync(string webhook, IReadOnlyCollection<AlertNotice> told, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
