using System.Globalization;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.Dns;

/// <summary>What dig and dnsperf, which nobody here wrote, make of the answers.</summary>
public sealed class DigTests
{
    private const string InstallDig = "apt-get install bind9-dnsutils";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dig_AddressesOverUdpAndTcp_AreTheServingSet()
    {
        await using var server = await StartAsync();

        Assert.Equal(["10.0.0.1", "10.0.0.2"], (await ShortAsync(server, "orders.mesh", "A")).Order());
        Assert.Equal(["10.0.0.1", "10.0.0.2"], (await ShortAsync(server, "orders.mesh", "A", "+tcp")).Order());
        Assert.Equal(["2001:db8::3"], await ShortAsync(server, "orders.mesh", "AAAA"));
        Assert.Equal(["10.0.0.1"], await ShortAsync(server, "zone-a.zone.orders.mesh", "A"));
        Assert.Equal(["10.0.0.2"], await ShortAsync(server, "v2.version.orders.mesh", "A"));
    }

    [Fact]
    public async Task Dig_Srv_HasPortsWeightsTargetsAndTheirAddresses()
    {
        await using var server = await StartAsync();

        var answer = await DigAsync(server, "_orders._tcp.mesh", "SRV", "+noall", "+answer", "+additional");

        Assert.Contains("1 65535 8001 10-0-0-1-8001.addr.orders.mesh.", answer, StringComparison.Ordinal);
        Assert.Contains("1 16383 8002 10-0-0-2-8002.addr.orders.mesh.", answer, StringComparison.Ordinal);
        Assert.Matches(@"10-0-0-1-8001\.addr\.orders\.mesh\.\s+0\s+IN\s+A\s+10\.0\.0\.1", answer);
        Assert.Matches(@"2001-db8-0-0-0-0-0-3-8003\.addr\.orders\.mesh\.\s+0\s+IN\s+AAAA\s+2001:db8::3", answer);
    }

    [Fact]
    public async Task Dig_Reverse_NamesTheAddress()
    {
        await using var server = await StartAsync();

        Assert.Matches(@"PTR\s+10-0-0-1\.addr\.orders\.mesh\.", await DigAsync(server, "-x", "10.0.0.1", "+noall", "+answer"));
        Assert.Matches(@"PTR\s+2001-db8-0-0-0-0-0-3\.addr\.orders\.mesh\.", await DigAsync(server, "-x", "2001:db8::3", "+noall", "+answer"));
    }

    [Theory]
    [InlineData("nobody.mesh A", "status: NXDOMAIN", "mesh.\t\t\t0\tIN\tSOA\tns.addr.dns.mesh. hostmaster.mesh. 1 1200 180 1209600 0")]
    [InlineData("empty.mesh A", "status: NOERROR", "SOA\tns.addr.dns.mesh.")]
    [InlineData("mesh NS", "status: NOERROR", "ns.addr.dns.mesh.\t0\tIN\tA\t127.0.0.1")]
    [InlineData("mesh SOA", "flags: qr aa rd;", "SOA\tns.addr.dns.mesh. hostmaster.mesh.")]
    [InlineData("example.com A", "status: REFUSED", "recursion requested but not available")]
    [InlineData("orders.mesh ANY +notcp", "ANSWER: 1,", "HINFO\t\"RFC8482\" \"\"")]
    [InlineData("version.bind CH TXT", "status: REFUSED", "ANSWER: 0,")]
    [InlineData("oRdErS.mEsH AAAA", "status: NOERROR", "oRdErS.mEsH.\t\t0\tIN\tAAAA\t2001:db8::3")]
    [InlineData("orders.mesh A +edns=1 +noednsneg", "status: BADVERS", "EDNS: version: 0")]
    [InlineData("orders.mesh A +dnssec", "flags: do; udp: 1232", "status: NOERROR")]
    [InlineData("orders.mesh A +opcode=2", "status: NOTIMP", "opcode: STATUS")]
    [InlineData("mesh AXFR", "Transfer failed", "")]
    public async Task Dig_EachRule_IsKept(string question, string first, string second)
    {
        await using var server = await StartAsync();

        var answer = await DigAsync(server, question.Split(' '));

        Assert.Contains(first, answer, StringComparison.Ordinal);
        Assert.Contains(second, answer, StringComparison.Ordinal);
        Assert.DoesNotContain("malformed", answer, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("extra bytes", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Dig_TooLargeForUdp_ComesBackOverTcpForAll()
    {
        var big = ServingSets.Of("big", [.. Enumerable.Range(0, 300).Select(i => ServingSets.Endpoint($"i-{i}", $"10.0.{i / 100}.{i % 100 + 1}"))]);
        await using var server = await DnsServerFixture.StartAsync(Cancellation, big);

        var cut = await DigAsync(server, "big.mesh", "A", "+ignore", "+bufsize=4096");
        var whole = await DigAsync(server, "big.mesh", "A", "+bufsize=4096");

        Assert.Contains("flags: qr aa tc rd;", cut, StringComparison.Ordinal);
        Assert.Contains("ANSWER: 74,", cut, StringComparison.Ordinal);
        Assert.Contains("ANSWER: 300,", whole, StringComparison.Ordinal);
        Assert.Contains("(TCP)", whole, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dig_ManyQuestionsOnOneConnection_AreAllAnswered()
    {
        await using var server = await StartAsync();
        var questions = Enumerable.Range(0, 50).SelectMany(_ => new[] { "orders.mesh", "AAAA" });

        var answer = await DigAsync(server, ["+tcp", "+keepopen", "+short", .. questions]);

        Assert.Equal(50, answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line == "2001:db8::3"));
        Assert.Equal(50, server.Counters.Answers);
    }

    [Fact]
    public async Task Dnsperf_OverAllNames_LosesNothing()
    {
        var dnsperf = Peer.Require("dnsperf", "apt-get install dnsperf");
        ServingSet[] sets = [.. Enumerable.Range(0, 100).Select(i => ServingSets.Of(
            $"svc-{i}", [.. Enumerable.Range(0, 6).Select(j => ServingSets.Endpoint($"i-{j}", $"10.1.{i}.{j + 1}", 8000 + j, 100, $"zone-{j % 3}", $"v{j % 2}"))]))];
        await using var server = await DnsServerFixture.StartAsync(Cancellation, sets);
        var names = Enumerable.Range(0, 100).SelectMany(i => (string[])
        [
            $"svc-{i}.mesh A", $"svc-{i}.mesh AAAA", $"svc-{i}.mesh SRV", $"_svc-{i}._tcp.mesh SRV", $"zone-1.zone.svc-{i}.mesh A", $"v1.version.svc-{i}.mesh SRV",
            $"10-1-{i}-1.addr.svc-{i}.mesh A", $"1.{i}.1.10.in-addr.arpa PTR",
        ]);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, names, Cancellation);
            foreach (var transport in new[] { "udp", "tcp" })
            {
                var output = await ChildProcess.RunAsync(
                    dnsperf,
                    ["-s", "127.0.0.1", "-p", server.Endpoint.Port.ToString(CultureInfo.InvariantCulture), "-d", file, "-n", "10", "-m", transport, "-c", "4", "-q", "50", "-e", "-t", "20"],
                    Cancellation);

                Assert.Matches(@"Queries completed:\s+8000 \(100\.00%\)", output);
                Assert.Matches(@"Response codes:\s+NOERROR 8000 \(100\.00%\)", output);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task<DnsServerFixture> StartAsync() => DnsServerFixture.StartAsync(
        Cancellation,
        ServingSets.Of(
            "orders",
            ServingSets.Endpoint("o-1", "10.0.0.1", 8001, 100, "zone-a", "v1"),
            ServingSets.Endpoint("o-2", "10.0.0.2", 8002, 25, "zone-b", "v2"),
            ServingSets.Endpoint("o-3", "2001:db8::3", 8003, 100, "zone-b", "v2")),
        ServingSets.Of("empty"));

    private static async Task<string[]> ShortAsync(DnsServerFixture server, params string[] question) =>
        (await DigAsync(server, [.. question, "+short"])).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static Task<string> DigAsync(DnsServerFixture server, params string[] question)
    {
        var dig = Peer.Require("dig", InstallDig);
        return ChildProcess.RunAsync(dig, ["@127.0.0.1", "-p", $"{server.Endpoint.Port}", "+nocookie", "+time=5", "+tries=2", .. question], Cancellation);
    }
}
