using System.Collections.Immutable;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>Where the console that tells webhooks notes what it has told, for itself after a restart and for another that takes over. Every call throws when the store is away.</summary>
public interface INoticeStore
{
    /// <summary>Alerts that a webhook was told to be firing, and not yet that they ended.</summary>
    Task<ImmutableArray<AlertNotice>> ReadAsync(string webhook, CancellationToken cancellationToken);

    /// <summary>Notes what was told: firing ones are kept, the ended ones forgotten.</summary>
    Task WriteAsync(string webhook, IReadOnlyCollection<AlertNotice> told, CancellationToken cancellationToken);
}
