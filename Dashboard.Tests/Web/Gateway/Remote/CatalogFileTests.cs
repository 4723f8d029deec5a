using System.Text;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Dashboard.Web.Gateway.Remote;

namespace Dashboard.Tests.Web.Gateway.Remote;

public sealed class CatalogFileTests
{
    private const string Gateway = "gateway@here:5082";
    private static readonly DateTimeOffset AsOf = new(2026, 11, 23, 3, 0, 0, TimeSpan.Zero);
    private readonly ServingCatalog _catalog = Catalog(42, ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1", zone: "zone-a"), ServingSets.Endpoint("o-2", "2001:db8::2", weight: 7)));

    [Fact]
    public void Decode_WhatWasEncoded_IsTheSame()
    {
        var content = CatalogFile.Decode(CatalogFile.Encode(Gateway, _catalog, AsOf), Gateway);

        Assert.Null(content.Fault);
        Assert.Equal(AsOf, content.AsOf);
        Assert.Equal((_catalog.Generation, 42, 0), (content.Catalog!.Generation, content.Catalog.Revision, content.Catalog.Overlay));
        Assert.True(_catalog.Services["orders"].SaysTheSameAs(content.Catalog.Services["orders"]));
    }

    [Fact]
    public void Decode_AnyByteChangedOrCut_IsRefused()
    {
        var whole = CatalogFile.Encode(Gateway, _catalog, AsOf);
        for (var place = 0; place < whole.Length; place++)
        {
            var damaged = whole.ToArray();
            damaged[place] ^= 1;
            Assert.True(CatalogFile.Decode(damaged, Gateway) is { Catalog: null, Fault: not null }, $"byte {place} changed");
            Assert.True(CatalogFile.Decode(whole.AsSpan(0, place), Gateway) is { Catalog: null, Fault: not null }, $"cut after {place} bytes");
        }
    }

    [Fact]
    public void Decode_OfAnotherGateway_IsRefusedAsForeign()
    {
        var content = CatalogFile.Decode(CatalogFile.Encode("gateway@staging:5082", _catalog, AsOf), Gateway);

        Assert.True(content is { Catalog: null, IsForeign: true });
        Assert.Contains("gateway@staging:5082", content.Fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("root:x:0:0:root:/root:/bin/bash\n")]
    [InlineData("{\"services\":[]}")]
    public void Decode_OfSomethingElse_IsRefusedAsForeign(string text) =>
        Assert.True(CatalogFile.Decode(Encoding.UTF8.GetBytes(text), Gateway) is { Catalog: null, IsForeign: true, Fault: not null });

    [Fact]
    public void Decode_OfALaterFormat_SaysWhichAndIsNotForeign()
    {
        var later = Encoding.ASCII.GetBytes("dashboard-gateway-catalog 2 abc\n{}");

        var content = CatalogFile.Decode(later, Gateway);

        Assert.False(content.IsForeign);
        Assert.Contains("format 2", content.Fault, StringComparison.Ordinal);
    }

    internal static ServingCatalog Catalog(long revision, params ServingSet[] sets) => new(
        Guid.Parse("7b0d3b6c-8f3f-4c0a-9d6e-1f2a3b4c5d6e"), revision, 0, AsOf, ServingCatalog.Empty.Services.AddRange(sets.Select(set => KeyValuePair.Create(set.Service, set))));
}
