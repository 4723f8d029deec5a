using Dashboard.Core.Discovery;
using Dashboard.Tests.Support;
using Dashboard.Web.Gateway;
using Dashboard.Web.Gateway.Remote;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Gateway.Remote;

public sealed class CatalogKeeperTests : IDisposable
{
    private const string Id = "gateway-1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("dashboard-snapshot-").FullName;
    private readonly FakeTimeProvider _time = new(new(2026, 11, 23, 3, 0, 0, TimeSpan.Zero));
    private readonly ServingCatalog _catalog = CatalogFileTests.Catalog(5, ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1")));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string FilePath => Path.Combine(_directory, "sub", "catalog");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Start_WithASnapshot_PublishesItWithItsAge()
    {
        Put(CatalogFile.Encode(Id, _catalog, _time.GetUtcNow() - TimeSpan.FromHours(2)));
        var (catalog, keeper) = New();

        await keeper.StartAsync(Cancelled);

        Assert.Equal(5, catalog.Feed.Current.Revision);
        Assert.True(catalog.Knowledge.FromDisk);
        Assert.Equal(TimeSpan.FromHours(2), catalog.Knowledge.Age(_time.GetUtcNow()));
        await keeper.StopAsync(Cancelled);
        Assert.Equal(0, keeper.Writes);
    }

    [Fact]
    public async Task Start_WithASnapshotThatIsTooOld_StartsWithNothing()
    {
        Put(CatalogFile.Encode(Id, _catalog, _time.GetUtcNow() - TimeSpan.FromDays(8)));
        var (catalog, keeper) = New();

        await keeper.StartAsync(Cancelled);

        Assert.Equal(Guid.Empty, catalog.Feed.Current.Generation);
        await keeper.StopAsync(Cancelled);
    }

    [Fact]
    public async Task Start_WithADamagedSnapshot_IgnoresItAndWritesANewOne()
    {
        var damaged = CatalogFile.Encode(Id, _catalog, _time.GetUtcNow());
        damaged[^5] ^= 1;
        Put(damaged);
        var (catalog, keeper) = New();
        await keeper.StartAsync(Cancelled);
        Assert.Equal(Guid.Empty, catalog.Feed.Current.Generation);

        Confirm(catalog, _catalog);

        await Eventually.TrueAsync(() => keeper.Writes == 1, Patience, "a new snapshot is written", Cancelled);
        Assert.Equal(5, CatalogFile.Decode(File.ReadAllBytes(FilePath), Id).Catalog!.Revision);
        await keeper.StopAsync(Cancelled);
    }

    [Fact]
    public async Task Start_WithAFileThatIsNone_IgnoresItAndNeverOverwritesIt()
    {
        Put("precious"u8.ToArray());
        var (catalog, keeper) = New();
        await keeper.StartAsync(Cancelled);
        Confirm(catalog, _catalog);

        await keeper.StopAsync(Cancelled);

        Assert.Equal("precious", File.ReadAllText(FilePath));
        Assert.Equal(0, keeper.Writes);
    }

    [Fact]
    public async Task Changes_AreWrittenAtMostOncePerPause_AndTheLastAtTheEnd()
    {
        var (catalog, keeper) = New();
        await keeper.StartAsync(Cancelled);
        Confirm(catalog, _catalog);
        await Eventually.TrueAsync(() => keeper.Writes == 1, Patience, "the first is written at once", Cancelled);
        for (var revision = 6; revision <= 50; revision++)
        {
            Confirm(catalog, _catalog with { Revision = revision });
        }

        // The clock stands still, so the pause does not end: only the farewell writes.
        await keeper.StopAsync(Cancelled);

        Assert.Equal(2, keeper.Writes);
        Assert.Equal(50, CatalogFile.Decode(File.ReadAllBytes(FilePath), Id).Catalog!.Revision);
        Assert.Equal([FilePath], Directory.GetFiles(Path.GetDirectoryName(FilePath)!));
    }

    [Fact]
    public void Renewal_OfAnUnchangedCatalog_MovesItsAge_ButNotWhileItIsStale()
    {
        var (catalog, keeper) = New();
        Confirm(catalog, _catalog);
        Assert.True(keeper.WriteIfNewer());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(keeper.WriteIfNewer());

        Assert.True(keeper.WriteIfNewer(renew: true));

        Assert.Equal(_time.GetUtcNow(), CatalogFile.Decode(File.ReadAllBytes(FilePath), Id).AsOf);
        Confirm(catalog, _catalog with { Revision = 6 }, staleSince: _time.GetUtcNow());
        Assert.True(keeper.WriteIfNewer());
        Assert.False(keeper.WriteIfNewer(renew: true));
    }

    [Fact]
    public void Write_WhereItCannot_IsCountedAndLeavesTheGatewayAlone()
    {
        // A file where the directory has to be.
        File.WriteAllText(Path.Combine(_directory, "sub"), "");
        var (catalog, keeper) = New();
        Confirm(catalog, _catalog);

        Assert.True(keeper.WriteIfNewer());

        Assert.Equal((0, 1), (keeper.Writes, keeper.Failures));
    }

    private static void Confirm(RemoteCatalog catalog, ServingCatalog next, DateTimeOffset? staleSince = null) => catalog.Accept(new Uri("http://127.0.0.1:1/"), next, staleSince);

    private (RemoteCatalog Catalog, CatalogKeeper Keeper) New()
    {
        var catalog = RemoteCatalogTests.New(["http://127.0.0.1:1"], _time);
        return (catalog, new(catalog, Options.Create(new GatewayOptions { Id = Id, Snapshot = FilePath }), _time, NullLogger<CatalogKeeper>.Instance));
    }

    private void Put(byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllBytes(FilePath, bytes);
    }
}
