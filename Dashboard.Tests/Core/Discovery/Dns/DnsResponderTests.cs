using ARSoft.Tools.Net.Dns;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery.Dns;

public sealed class DnsResponderTests
{
    private readonly FakeServingSource _source = new(
        ServingSets.Of(
            "orders",
            ServingSets.Endpoint("o-1", "10.0.0.1", 8001, 100, "zone-a", "v1"),
            ServingSets.Endpoint("o-2", "10.0.0.2", 8002, 25, "zone-b", "v2"),
            ServingSets.Endpoint("o-3", "2001:db8::3", 8003, 100, "zone-b", "1.2.3")),
        ServingSets.Of("cart.shop", ServingSets.Endpoint("c-1", "10.0.1.1", 80, zone: "EU-West")),
        ServingSets.Of("empty") with
        {
            Total = 1,
            Leaving = [new("e-1", "10.0.9.1", 80, IntentKind.Draining, false)],
        });

    private readonly DnsResponder _responder;

    public DnsResponderTests() => _responder = Responder(new());

    [Theory]
    [InlineData("orders.mesh", RecordType.A, "10.0.0.1 10.0.0.2")]
    [InlineData("orders.mesh", RecordType.Aaaa, "2001:db8::3")]
    [InlineData("cart.shop.mesh", RecordType.A, "10.0.1.1")]
    [InlineData("zone-a.zone.orders.mesh", RecordType.A, "10.0.0.1")]
    [InlineData("zone-b.zone.orders.mesh", RecordType.A, "10.0.0.2")]
    [InlineData("eu-west.zone.cart.shop.mesh", RecordType.A, "10.0.1.1")]
    [InlineData("v2.version.orders.mesh", RecordType.A, "10.0.0.2")]
    [InlineData("1.2.3.version.orders.mesh", RecordType.Aaaa, "2001:db8::3")]
    [InlineData("10-0-0-2.addr.orders.mesh", RecordType.A, "10.0.0.2")]
    [InlineData("2001-db8-0-0-0-0-0-3.addr.orders.mesh", RecordType.Aaaa, "2001:db8::3")]
    [InlineData("10-0-9-1.addr.empty.mesh", RecordType.A, "10.0.9.1")]
    [InlineData("10-0-0-2-8002.addr.orders.mesh", RecordType.A, "10.0.0.2")]
    [InlineData("ns.addr.dns.mesh", RecordType.A, "127.0.0.1")]
    public void Answer_KnownName_GivesItsAddresses(string name, RecordType type, string addresses)
    {
        var answer = _responder.Answer(name, type);

        Assert.Equal(ReturnCode.NoError, answer.ReturnCode);
        Assert.True(answer.IsAuthoritiveAnswer);
        Assert.False(answer.IsRecursionAllowed);
        Assert.True(answer.IsRecursionDesired);
        Assert.Equal(addresses.Split(' '), answer.Addresses().Order());
        Assert.All(answer.AnswerRecords, record => Assert.Equal(name + ".", record.Name.ToString()));
        Assert.All(answer.AnswerRecords, record => Assert.Equal(0, record.TimeToLive));
    }

    // RFC 2308: the name exists, the record does not. RFC 8020: NXDOMAIN would deny all names below too.
    [Theory]
    [InlineData("mesh", RecordType.A)]
    [InlineData("empty.mesh", RecordType.A)]
    [InlineData("empty.mesh", RecordType.Srv)]
    [InlineData("_empty._tcp.mesh", RecordType.Srv)]
    [InlineData("cart.shop.mesh", RecordType.Aaaa)]
    [InlineData("orders.mesh", RecordType.Mx)]
    [InlineData("_orders._tcp.mesh", RecordType.A)]
    [InlineData("_tcp.mesh", RecordType.A)]
    [InlineData("_tcp.shop.mesh", RecordType.A)]
    [InlineData("shop.mesh", RecordType.A)]
    [InlineData("zone.orders.mesh", RecordType.A)]
    [InlineData("version.orders.mesh", RecordType.A)]
    [InlineData("2.3.version.orders.mesh", RecordType.A)]
    [InlineData("addr.orders.mesh", RecordType.A)]
    [InlineData("dns.mesh", RecordType.A)]
    [InlineData("addr.dns.mesh", RecordType.A)]
    [InlineData("1.0.0.10.in-addr.arpa", RecordType.A)]
    public void Answer_NameWithoutThatRecord_IsNoDataWithTheSoa(string name, RecordType type)
    {
        var answer = _responder.Answer(name, type);

        Assert.Equal(ReturnCode.NoError, answer.ReturnCode);
        Assert.True(answer.IsAuthoritiveAnswer);
        Assert.Empty(answer.AnswerRecords);
        Assert.IsType<SoaRecord>(Assert.Single(answer.AuthorityRecords));
    }

    [Theory]
    [InlineData("nobody.mesh")]
    [InlineData("orders.nobody.mesh")]
    [InlineData("a.orders.mesh")]
    [InlineData("zone-c.zone.orders.mesh")]
    [InlineData("v9.version.orders.mesh")]
    [InlineData("zone-a.zone.nobody.mesh")]
    [InlineData("10-0-0-9.addr.orders.mesh")]
    [InlineData("10-0-0-2-8001.addr.orders.mesh")]
    [InlineData("_orders._udp.mesh")]
    [InlineData("_orders._tcp.shop.mesh")]
    [InlineData("_tcp.nobody.mesh")]
    [InlineData("_orders.mesh")]
    [InlineData("a.b.c.d.e.f.g.mesh")]
    public void Answer_UnknownName_IsNxDomainWithTheSoa(string name)
    {
        var answer = _responder.Answer(name, RecordType.A);

        Assert.Equal(ReturnCode.NxDomain, answer.ReturnCode);
        Assert.True(answer.IsAuthoritiveAnswer);
        var soa = Assert.IsType<SoaRecord>(Assert.Single(answer.AuthorityRecords));
        Assert.Equal("mesh.", soa.Name.ToString());
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("")]
    [InlineData("xmesh")]
    [InlineData("orders.mesh.local")]
    [InlineData("9.9.9.10.in-addr.arpa")]
    [InlineData("in-addr.arpa")]
    [InlineData("01.0.0.10.in-addr.arpa")]
    public void Answer_OutsideTheZone_IsRefused(string name)
    {
        var answer = _responder.Answer(name, RecordType.A);

        Assert.Equal(ReturnCode.Refused, answer.ReturnCode);
        Assert.False(answer.IsAuthoritiveAnswer);
        Assert.Empty(answer.AuthorityRecords);
    }

    [Theory]
    [InlineData("_orders._tcp.mesh")]
    [InlineData("orders.mesh")]
    public void Answer_Srv_GivesPortsWeightsAndAddresses(string name)
    {
        var answer = _responder.Answer(name, RecordType.Srv, payload: 1232);

        var records = answer.AnswerRecords.Cast<SrvRecord>().OrderBy(record => record.Port).ToArray();
        Assert.Equal([8001, 8002, 8003], records.Select(record => (int)record.Port));
        Assert.All(records, record => Assert.Equal(1, record.Priority));
        Assert.Equal([65535, 16383, 65535], records.Select(record => (int)record.Weight));
        Assert.Equal("10-0-0-1-8001.addr.orders.mesh.", records[0].Target.ToString());
        var additional = answer.AdditionalRecords.OfType<AddressRecordBase>().ToDictionary(record => record.Name.ToString(), record => record.Address.ToString());
        Assert.Equal(["10.0.0.1", "10.0.0.2", "2001:db8::3"], records.Select(record => additional[record.Target.ToString()]));
    }

    [Fact]
    public void Answer_SrvOfANamespace_HasTheNamespaceBehindTheProtocol()
    {
        var answer = _responder.Answer("_cart._tcp.shop.mesh", RecordType.Srv);

        Assert.Equal("10-0-1-1-80.addr.cart.shop.mesh.", Assert.IsType<SrvRecord>(Assert.Single(answer.AnswerRecords)).Target.ToString());
    }

    [Fact]
    public void Answer_SrvOfAZone_GivesThatZoneAlone()
    {
        var answer = _responder.Answer("zone-b.zone.orders.mesh", RecordType.Srv);

        Assert.Equal([8002, 8003], answer.AnswerRecords.Cast<SrvRecord>().Select(record => (int)record.Port).Order());
    }

    [Fact]
    public void Answer_SrvOnOneHost_GivesEachInstanceANameOfItsOwnWhereverTheAnswerStarts()
    {
        _source.Publish(ServingSets.Of("one-host", [.. Enumerable.Range(0, 7).Select(i => ServingSets.Endpoint($"i-{i}", "10.0.0.3", 9000 + i))]));

        for (var ticket = 0UL; ticket < 50; ticket++)
        {
            var answer = _responder.Answer("one-host.mesh", RecordType.Srv, payload: 1232, ticket: ticket);

            Assert.Equal(Enumerable.Range(9000, 7).Select(port => $"10-0-0-3-{port}.addr.one-host.mesh."), answer.AnswerRecords.Cast<SrvRecord>().Select(record => record.Target.ToString()).Order());
            Assert.Equal(answer.AnswerRecords.Cast<SrvRecord>().Select(record => record.Target), answer.AdditionalRecords.OfType<ARecord>().Select(record => record.Name));
        }
    }

    [Fact]
    public void Answer_Reverse_NamesEveryServiceAtTheAddress()
    {
        _source.Publish(ServingSets.Of("billing", ServingSets.Endpoint("b", "10.0.0.1")));

        var v4 = _responder.Answer("1.0.0.10.IN-addr.arpa", RecordType.Ptr);
        var v6 = _responder.Answer("3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", RecordType.Ptr);
        var leaving = _responder.Answer("1.9.0.10.in-addr.arpa", RecordType.Ptr);

        Assert.Equal(["10-0-0-1.addr.billing.mesh.", "10-0-0-1.addr.orders.mesh."], v4.AnswerRecords.Cast<PtrRecord>().Select(record => record.PointerDomainName.ToString()));
        Assert.Equal("2001-db8-0-0-0-0-0-3.addr.orders.mesh.", Assert.IsType<PtrRecord>(Assert.Single(v6.AnswerRecords)).PointerDomainName.ToString());
        Assert.Equal("10-0-9-1.addr.empty.mesh.", Assert.IsType<PtrRecord>(Assert.Single(leaving.AnswerRecords)).PointerDomainName.ToString());
    }

    [Fact]
    public void Answer_Apex_GivesSoaAndNs()
    {
        _source.Publish();
        var responder = Responder(new() { Ttl = 7, NegativeTtl = 3 });

        var soa = Assert.IsType<SoaRecord>(Assert.Single(responder.Answer("mesh", RecordType.Soa).AnswerRecords));
        var ns = responder.Answer("mesh", RecordType.Ns);
        var missing = Assert.IsType<SoaRecord>(Assert.Single(responder.Answer("nobody.mesh", RecordType.A).AuthorityRecords));

        Assert.Equal(("ns.addr.dns.mesh.", "hostmaster.mesh."), (soa.MasterName.ToString(), soa.ResponsibleName.ToString()));
        Assert.Equal((2u, 3, 7), (soa.SerialNumber, soa.NegativeCachingTTL, soa.TimeToLive));
        Assert.Equal("ns.addr.dns.mesh.", Assert.IsType<NsRecord>(Assert.Single(ns.AnswerRecords)).NameServer.ToString());
        Assert.Equal("127.0.0.1", Assert.IsType<ARecord>(Assert.Single(ns.AdditionalRecords)).Address.ToString());
        Assert.Equal(3, missing.TimeToLive);
    }

    [Theory]
    [InlineData("orders.mesh")]
    [InlineData("mesh")]
    [InlineData("1.0.0.10.in-addr.arpa")]
    public void Answer_Any_IsMinimal(string name)
    {
        var answer = _responder.Answer(name, (RecordType)DnsQuestions.Any);

        var record = Assert.IsType<HInfoRecord>(Assert.Single(answer.AnswerRecords));
        Assert.Equal(("RFC8482", ""), (record.Cpu, record.OperatingSystem));
    }

    [Fact]
    public void Answer_MixedCase_IsKept()
    {
        var answer = _responder.Answer("oRDeRs.MeSH", RecordType.A);

        Assert.Equal("oRDeRs.MeSH.", answer.Questions.Single().Name.ToString());
        Assert.Equal(2, answer.AnswerRecords.Count);
        Assert.All(answer.AnswerRecords, record => Assert.Equal("oRDeRs.MeSH.", record.Name.ToString()));
    }

    [Fact]
    public void Answer_OtherZone_IsConfigurable()
    {
        var responder = Responder(new() { Zone = "svc.example.org", Ttl = 30 });

        var answer = responder.Answer("orders.svc.example.org", RecordType.A);

        Assert.Equal(2, answer.AnswerRecords.Count);
        Assert.All(answer.AnswerRecords, record => Assert.Equal(30, record.TimeToLive));
        Assert.Equal(ReturnCode.Refused, responder.Answer("orders.mesh", RecordType.A).ReturnCode);
    }

    [Fact]
    public void Answer_ServiceNamedLikeACategory_WinsAndHidesNothing()
    {
        _source.Publish(ServingSets.Of("zone.orders", ServingSets.Endpoint("z", "10.5.0.1", zone: "x")), ServingSets.Of("dns", ServingSets.Endpoint("d", "10.6.0.1")));

        Assert.Equal(["10.5.0.1"], _responder.Answer("zone.orders.mesh", RecordType.A).Addresses());
        Assert.Equal(["10.5.0.1"], _responder.Answer("x.zone.zone.orders.mesh", RecordType.A).Addresses());
        Assert.Equal(["10.0.0.1"], _responder.Answer("zone-a.zone.orders.mesh", RecordType.A).Addresses());
        Assert.Equal(["10.6.0.1"], _responder.Answer("dns.mesh", RecordType.A).Addresses());
        Assert.Equal(["127.0.0.1"], _responder.Answer("ns.addr.dns.mesh", RecordType.A).Addresses());
    }

    [Fact]
    public void Answer_DotInsideALabel_IsAnotherName()
    {
        var question = DnsQuestions.Ask("zone-a_zone.orders.mesh", RecordType.A);
        question[Array.IndexOf(question, (byte)'_')] = (byte)'.';

        Assert.Equal((int)ReturnCode.NxDomain, DnsQuestions.Code(_responder.AnswerBytes(question)));
    }

    [Fact]
    public void Answer_AfterAChange_IsNeverOld()
    {
        Assert.Equal(2, _responder.Answer("orders.mesh", RecordType.A).AnswerRecords.Count);

        _source.Publish(ServingSets.Of("orders", ServingSets.Endpoint("o-9", "10.0.0.9")));
        Assert.Equal(["10.0.0.9"], _responder.Answer("orders.mesh", RecordType.A).Addresses());

        _source.Remove("orders");
        Assert.Equal(ReturnCode.NxDomain, _responder.Answer("orders.mesh", RecordType.A).ReturnCode);

        _source.Publish(ServingSets.Of("orders", ServingSets.Endpoint("o-8", "10.0.0.8")));
        Assert.Equal(["10.0.0.8"], _responder.Answer("orders.mesh", RecordType.A).Addresses());
    }

    [Fact]
    public void Answer_BeforeAnythingWasLoaded_IsServerFailure()
    {
        var responder = new DnsResponder(new(), () => FakeServingSource.NotLoaded().Current, () => null);

        Assert.Equal(ReturnCode.ServerFailure, responder.Answer("orders.mesh", RecordType.A).ReturnCode);
    }

    [Fact]
    public void Answer_RegisteredButNotServing_ExistsAndIsNamedInReverse()
    {
        var registry = new InMemoryRegistry(new FakeTimeProvider());
        var actor = Actor.System("test");
        registry.Execute(new RegisterInstance(new("pay", "p-1"), new() { Address = "10.7.0.1", Port = 80, Zone = "zone-a" }), actor);
        var responder = new DnsResponder(new(), () => RegistryCatalog(registry.Current), () => registry.Current);

        Assert.Equal(ReturnCode.NoError, responder.Answer("pay.mesh", RecordType.A).ReturnCode);
        Assert.Empty(responder.Answer("pay.mesh", RecordType.A).AnswerRecords);
        Assert.Equal(ReturnCode.NoError, responder.Answer("zone-a.zone.pay.mesh", RecordType.A).ReturnCode);
        Assert.Equal(ReturnCode.NxDomain, responder.Answer("zone-b.zone.pay.mesh", RecordType.A).ReturnCode);
        Assert.Equal(["10.7.0.1"], responder.Answer("10-7-0-1.addr.pay.mesh", RecordType.A).Addresses());
        Assert.Single(responder.Answer("1.0.7.10.in-addr.arpa", RecordType.Ptr).AnswerRecords);
    }

    [Fact]
    public void Answer_WhileAnotherRegistryIsWithheld_SpeaksOfTheOneThatIsTold()
    {
        var actor = Actor.System("test");
        var told = new InMemoryRegistry(new FakeTimeProvider());
        told.Execute(new RegisterInstance(new("pay", "p-1"), new() { Address = "10.7.0.1", Port = 80, Zone = "zone-a" }), actor);
        var withheld = new InMemoryRegistry(new FakeTimeProvider());
        withheld.Execute(new RegisterInstance(new("pay", "p-2"), new() { Address = "10.7.0.2", Port = 80, Zone = "zone-b" }), actor);
        var catalog = RegistryCatalog(told.Current);
        var responder = new DnsResponder(new(), () => catalog, () => withheld.Current);

        Assert.Empty(responder.Answer("2.0.7.10.in-addr.arpa", RecordType.Ptr).AnswerRecords);
        Assert.Equal(ReturnCode.NxDomain, responder.Answer("zone-b.zone.pay.mesh", RecordType.A).ReturnCode);
    }

    [Theory]
    [InlineData(0x2900, 4)] // status
    [InlineData(0x2800, 4)] // update
    public void Answer_OtherOpcode_IsNotImplemented(int flags, int code) =>
        Assert.Equal(code, DnsQuestions.Code(_responder.AnswerBytes(DnsQuestions.Ask("orders.mesh", RecordType.A, flags: (ushort)flags))));

    [Fact]
    public void Answer_TransferOrOtherClass_IsRefused()
    {
        Assert.Equal(ReturnCode.Refused, _responder.Answer("mesh", (RecordType)DnsQuestions.Axfr).ReturnCode);
        Assert.Equal(5, DnsQuestions.Code(_responder.AnswerBytes(DnsQuestions.Ask("version.bind", RecordType.Txt, recordClass: 3))));
    }

    [Fact]
    public void Answer_ToAnAnswer_IsNone() => Assert.Empty(_responder.AnswerBytes(DnsQuestions.Ask("orders.mesh", RecordType.A, flags: 0x8180)));

    [Fact]
    public void Answer_Edns_OffersItsOwnSizeAndCopiesDo()
    {
        var answer = DnsQuestions.Read(_responder.AnswerBytes(DnsQuestions.Ask("orders.mesh", RecordType.A, payload: 4096, dnssec: true)));

        Assert.True(answer.IsEDnsEnabled);
        Assert.Equal(DnsResponder.MaxDatagram, answer.EDnsOptions!.UdpPayloadSize);
        Assert.True(answer.IsDnsSecOk);
        Assert.False(_responder.Answer("orders.mesh", RecordType.A).IsEDnsEnabled);
    }

    [Fact]
    public void Answer_LaterEdnsVersion_IsBadVersion()
    {
        var answer = DnsQuestions.Read(_responder.AnswerBytes(DnsQuestions.Ask("orders.mesh", RecordType.A, payload: 4096, version: 1)));

        Assert.Equal(16, (int)answer.ReturnCode | (int)answer.EDnsOptions!.ExtendedReturnCode);
        Assert.Equal(0, answer.EDnsOptions.Version);
    }

    [Fact]
    public void Answer_OfAService_AllocatesNothing()
    {
        byte[][] questions =
        [
            DnsQuestions.Ask("orders.mesh", RecordType.A), DnsQuestions.Ask("orders.mesh", RecordType.Srv, payload: 1232), DnsQuestions.Ask("_cart._tcp.shop.mesh", RecordType.Srv),
            DnsQuestions.Ask("zone-b.zone.orders.mesh", RecordType.A), DnsQuestions.Ask("empty.mesh", RecordType.A), DnsQuestions.Ask("mesh", RecordType.Soa),
        ];
        var buffer = new byte[DnsResponder.MaxDatagram];

        Assert.All(questions, question =>
        {
            Round(question, 10);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Round(question, 1000);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        });

        void Round(byte[] question, int times)
        {
            for (var ticket = 0; ticket < times; ticket++)
            {
                if (_responder.Answer(question, buffer, new(false, (ulong)ticket, (ulong)ticket)).Length == 0)
                    throw new InvalidOperationException("not answered");
            }
        }
    }

    private static Dashboard.Core.Discovery.ServingCatalog RegistryCatalog(RegistrySnapshot snapshot) =>
        new(snapshot.Generation, snapshot.Revision, 0, snapshot.At, System.Collections.Immutable.ImmutableDictionary.CreateRange(
            snapshot.Services.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Serving))));

    private DnsResponder Responder(DnsOptions options) => new(options, () => _source.Current, () => null);
}
