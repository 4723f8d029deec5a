using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>Keeps when each ttl instance was last heard, for operators and for the console that takes over.</summary>
public interface IHeartbeatStore
{
    /// <summary>Records heartbeats in one statement. An older one than is stored changes nothing.</summary>
    /// <param name="heartbeats">Who was heard, and how long ago.</param>
    /// <exception cref="System.Data.Common.DbException">The store does not answer.</exception>
    Task RecordAsync(IReadOnlyList<(InstanceKey Key, TimeSpan Age)> heartbeats, CancellationToken cancellationToken);

    /// <summary>When each instance was last heard, by the store's clock; empty after a crash of the store.</summary>
    /// <exception cref="System.Data.Common.DbException">The store does not answer.</exception>
    Task<IReadOnlyList<(InstanceKey Key, DateTimeOffset Seen)>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Forgets who was not heard for so long.</summary>
    /// <exception cref="System.Data.Common.DbException">The store does not answer.</exception>
    Task ForgetAsync(TimeSpan silent, CancellationToken cancellationToken);
}
