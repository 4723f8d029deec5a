using System.Net;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery.Dns;

public sealed class DnsClientsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FollowerTable _followers;
    private readonly DnsClients _clients;

    public DnsClientsTests()
    {
        _followers = new(_time);
        _clients = new(_followers, _time);
    }

    [Fact]
    public async Task Asked_ListsTheClientWithWhatItAskedForAndNoRevision()
    {
        using var stop = new CancellationTokenSource();
        var running = _clients.RunAsync(stop.Token);

        _clients.Asked([10, 0, 0, 7], "orders", _time.GetTimestamp());
        _clients.Asked([10, 0, 0, 7], "cart", _time.GetTimestamp());
        _clients.Asked([10, 0, 0, 7], "cart", _time.GetTimestamp());

        await Eventually.TrueAsync(() => _followers.Find("dns:10.0.0.7")?.Services?.Count == 2, TimeSpan.FromSeconds(60), "both services are noted", TestContext.Current.CancellationToken);
        var follower = _followers.Find("dns:10.0.0.7")!;
        Assert.Equal((FollowerKind.Dns, 0L), (follower.Kind, follower.Acknowledged));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void Note_MoreClientsThanFit_LeavesTheNewOutUntilOldOnesWereSilent()
    {
        for (var i = 0; i < DnsClients.MaxClients + 5; i++)
        {
            _clients.Note(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]), "orders");
        }

        Assert.Equal(DnsClients.MaxClients, _followers.Count);
        _time.Advance(DnsClients.Kept + TimeSpan.FromSeconds(1));
        _clients.Note(IPAddress.Parse("10.9.9.9"), "orders");
        Assert.NotNull(_followers.Find("dns:10.9.9.9"));
        Assert.Equal(1, _followers.Count);
    }
}
