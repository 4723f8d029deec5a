namespace Dashboard.Core.Health.Leases;

/// <summary>Where consoles note that they are there and which share of the health checks each holds. Every call throws when the store is away.</summary>
public interface ILeaseStore
{
    /// <summary>Notes that a console is there, renews whatever is still its own, and reads everything.</summary>
    Task<LeaseRoll> RenewAsync(Replica replica, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Takes those of the shares that are still free, each under a new epoch. No health write is under way meanwhile.</summary>
    Task TakeAsync(Replica replica, IReadOnlyCollection<int> shards, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Gives shares up. Their checks have stopped by then.</summary>
    Task GiveUpAsync(Replica replica, IReadOnlyCollection<int> shards, CancellationToken cancellationToken);

    /// <summary>Gives everything up and is not there any more.</summary>
    Task LeaveAsync(Replica replica, CancellationToken cancellationToken);

    /// <summary>By what consoles on this store recognise one another.</summary>
    Task<byte[]> ReadSecretAsync(CancellationToken cancellationToken);
}
