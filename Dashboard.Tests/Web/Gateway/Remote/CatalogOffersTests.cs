using Dashboard.Core.Discovery;
using Dashboard.Tests.Support;
using Dashboard.Web.Gateway.Remote;

namespace Dashboard.Tests.Web.Gateway.Remote;

public sealed class CatalogOffersTests
{
    private static readonly ServingCatalog Held = CatalogFileTests.Catalog(10, ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1")), ServingSets.Of("cart", ServingSets.Endpoint("c-1", "10.0.0.2")));

    [Fact]
    public void Judge_NothingHeld_TakesWhatever() => Assert.Equal(CatalogOffer.Take, CatalogOffers.Judge(ServingCatalog.Empty, CatalogFileTests.Catalog(1)));

    [Theory]
    [InlineData(9, "Older")]
    [InlineData(10, "Take")]
    [InlineData(11, "Take")]
    public void Judge_SameRegistry_IsByItsRevision(long revision, string expected) => Assert.Equal(expected, CatalogOffers.Judge(Held, Held with { Revision = revision }).ToString());

    [Fact]
    public void Judge_SameRegistryEmptiedByItsOperators_IsTaken() => Assert.Equal(CatalogOffer.Take, CatalogOffers.Judge(Held, CatalogFileTests.Catalog(11)));

    [Fact]
    public void Judge_AnotherRegistry_IsTakenUnlessItIsEmpty()
    {
        Assert.Equal(CatalogOffer.Take, CatalogOffers.Judge(Held, Held with { Generation = Guid.NewGuid(), Revision = 1 }));
        Assert.Equal(CatalogOffer.Take, CatalogOffers.Judge(Held, CatalogFileTests.Catalog(99) with { Generation = Guid.NewGuid(), Confirmed = true }));
        Assert.Equal(CatalogOffer.Empty, CatalogOffers.Judge(Held, CatalogFileTests.Catalog(99) with { Generation = Guid.NewGuid() }));
        Assert.Equal(CatalogOffer.Empty, CatalogOffers.Judge(Held, CatalogFileTests.Catalog(99, ServingSets.Of("orders")) with { Generation = Guid.NewGuid() }));
    }

    [Fact]
    public void Step_KeepsTheSetsThatSayTheSame_AndNamesTheOthers()
    {
        var offered = CatalogFileTests.Catalog(11, ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1")), ServingSets.Of("web", ServingSets.Endpoint("w-1", "10.0.0.3")));

        var step = CatalogOffers.Step(Held, offered);

        Assert.Same(Held.Services["orders"], step.Catalog.Services["orders"]);
        Assert.Equal(["cart", "web"], step.Changed.Order(StringComparer.Ordinal));
        Assert.Equal(11, step.Catalog.Revision);
    }
}
