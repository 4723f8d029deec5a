using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Health.Leases;

/// <summary>
/// Holds this console's share of the health checks: notes that it is there, renews its leases, takes what is free and gives up what is more than its part.
/// A lease ends here before it ends in the store. While the store is away nobody can take anything, so the share is kept, unless a console that this one hears
/// says that it still reaches the store: then that one takes over.
/// </summary>
public sealed partial class LeaseKeeper(ILeaseStore store, HealthShare share, LeaseOptions options, TimeProvider time, ILogger<LeaseKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    private readonly TaskCompletionSource<Replica> _self = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LeaseRoll _roll = LeaseRoll.Empty;
    private Ownership _held = Ownership.None;
    private long? _lostAt;
    private long _takeNothingBefore = long.MinValue;

    /// <summary>Raised after every look at the store, on the keeper's loop; a handler is quick.</summary>
    public event Action<LeaseRoll>? Seen;

    /// <summary>Who this console is; set once it knows where it listens.</summary>
    public Task<Replica> Self => _self.Task;

    /// <summary>Who is there and who holds what, as last read.</summary>
    public LeaseRoll Roll => Volatile.Read(ref _roll);

    /// <summary>The last look found the store. False before the first.</summary>
    public bool ReachesStore { get; private set; }

    /// <summary>By what consoles on this store recognise one another; null until it was read.</summary>
    public byte[]? Secret { get; private set; }

    /// <summary>Tells where the others reach this console. Before that it holds nothing.</summary>
    public void Advertise(string url) => _self.TrySetResult(new(Guid.NewGuid(), url, time.GetUtcNow()));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
        // The monitor has stopped before: hosted services end in the reverse order of their start.
        share.Set(Ownership.None);
        if (!_self.Task.IsCompletedSuccessfully)
            return;

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LeavePatience);
        try
        {
            await store.LeaveAsync(await _self.Task.ConfigureAwait(false), patience.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            LogNotLeft(failure.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var self = await _self.Task.WaitAsync(stoppingToken).ConfigureAwait(false);
            while (true)
            {
                var reached = await RoundAsync(self, stoppingToken).ConfigureAwait(false);
                await Task.Delay(reached ? options.RenewEvery : Retry, time, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The console stops.
        }
    }

    /// <summary>One look: renew, give up, take. False when the store is away.</summary>
    internal async Task<bool> RoundAsync(Replica self, CancellationToken cancellationToken)
    {
        var asked = time.GetTimestamp();
        try
        {
            Secret ??= await store.ReadSecretAsync(cancellationToken).ConfigureAwait(false);
            var roll = await store.RenewAsync(self, options.Lease, cancellationToken).ConfigureAwait(false);
            if (_lostAt is { } lost)
            {
                LogBack(time.GetElapsedTime(lost, asked).TotalSeconds);
                _lostAt = null;
                // Others come back from the same outage: what they held is still theirs if they renew it within a lease.
                _takeNothingBefore = asked + Ticks(options.Lease);
            }

            ReachesStore = true;
            Take(self, roll, asked);
            if (roll.ToGiveUp(self.Id) is { IsEmpty: false } surplus)
            {
                // Told to the monitor first: a share is not given away while it is looked at.
                Hold(self, roll with { Leases = [.. roll.Leases.Where(lease => !surplus.Contains(lease.Shard))] }, asked);
                await store.GiveUpAsync(self, surplus, cancellationToken).ConfigureAwait(false);
            }
            else if (asked >= _takeNothingBefore && roll.ToTake(self.Id) is { IsEmpty: false } free)
            {
                asked = time.GetTimestamp();
                await store.TakeAsync(self, free, options.Lease, cancellationToken).ConfigureAwait(false);
                Take(self, await store.RenewAsync(self, options.Lease, cancellationToken).ConfigureAwait(false), asked);
            }

            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            if (_lostAt is null)
                LogLost(failure.Message);
            ReachesStore = false;
            _lostAt ??= asked;
            KeepOrEnd();
            return false;
        }
    }

    private void Take(Replica self, LeaseRoll roll, long asked)
    {
        Volatile.Write(ref _roll, roll);
        share.Read(roll);
        Hold(self, roll, asked);
        Seen?.Invoke(roll);
    }

    private void Hold(Replica self, LeaseRoll roll, long asked)
    {
        // Dated from before the question: the store's lease began later, so it ends later.
        var held = Ownership.Of(
            roll.Leases.Where(lease => lease.Owner == self.Id).ToImmutableDictionary(lease => lease.Shard, lease => lease.Epoch),
            asked + Ticks(options.Lease - options.Margin));
        if (!held.IsSameShare(_held))
            LogShare(held.Count, HealthShard.Count, roll.Replicas.Length);
        _held = held;
        share.Set(held);
    }

    private void KeepOrEnd()
    {
        if (!share.PeerReachesStore)
            share.Set(_held.WithoutEnd(share.PeerShares));
        else if (share.Current.Until == long.MaxValue)
            // It was kept because nobody could take it, and now somebody can.
            share.Set(Ownership.None);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    [LoggerMessage(LogLevel.Information, "Holding {Held} of {All} shares of the health checks; {Consoles} console(s) divide them")]
    private partial void LogShare(int held, int all, int consoles);

    [LoggerMessage(LogLevel.Warning, "The leases of the health checks cannot be renewed: {Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(LogLevel.Information, "The leases of the health checks are renewed again after {Seconds:0.0} s")]
    private partial void LogBack(double seconds);

    [LoggerMessage(LogLevel.Warning, "The leases of the health checks could not be given up and will end by themselves: {Reason}")]
    private partial void LogNotLeft(string reason);
}
