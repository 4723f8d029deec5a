using System.Collections.Immutable;
using System.Threading.Channels;
using Dashboard.Core.Health.Leases;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Replicas;

/// <summary>Listens to every other console on the registry's database, as the lease keeper finds them there.</summary>
internal sealed class ReplicaPeers(LeaseKeeper leases, ReplicaIntake intake, TimeProvider time, ILogger<ReplicaPeers> logger) : BackgroundService
{
    private readonly Dictionary<Guid, (CancellationTokenSource Stop, Task Run)> _links = [];

    // Only the newest roll matters.
    private readonly Channel<LeaseRoll> _rolls = Channel.CreateBounded<LeaseRoll>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(2),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        leases.Seen += OnSeen;
        try
        {
            // A roll that was read before this service listened.
            _rolls.Writer.TryWrite(leases.Roll);
            await foreach (var roll in _rolls.Reader.ReadAllAsync(stoppingToken).ConfigureAwait(false))
            {
                if (leases.Self.IsCompletedSuccessfully)
                    await FollowAsync(roll, await leases.Self.ConfigureAwait(false), http, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The console stops.
        }
        finally
        {
            leases.Seen -= OnSeen;
            foreach (var id in _links.Keys.ToArray())
                await EndAsync(id).ConfigureAwait(false);
        }
    }

    private void OnSeen(LeaseRoll roll) => _rolls.Writer.TryWrite(roll);

    private async Task FollowAsync(LeaseRoll roll, Replica self, HttpClient http, CancellationToken stoppingToken)
    {
        ImmutableArray<Replica> others = [.. roll.Replicas.Where(replica => replica.Id != self.Id)];
        intake.Expect(others);
        var heard = intake.Heard;
        // One that lost Postgres is not in the roll, but as long as it speaks it is heard.
        foreach (var id in _links.Keys.Where(id => !heard.Contains(id) && others.All(replica => replica.Id != id)).ToArray())
            await EndAsync(id).ConfigureAwait(false);
        foreach (var replica in others.Where(replica => !_links.ContainsKey(replica.Id)))
        {
            var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var link = new ReplicaLink(replica, http, () => leases.Secret, intake, new Random(), time, logger);
            _links[replica.Id] = (stop, link.RunAsync(stop.Token));
        }
    }

    private async Task EndAsync(Guid id)
    {
        var (stop, run) = _links[id];
        _links.Remove(id);
        await stop.CancelAsync().ConfigureAwait(false);
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }
}
