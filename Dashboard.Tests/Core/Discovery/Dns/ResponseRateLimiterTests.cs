using System.Net;
using Dashboard.Core.Discovery.Dns;

namespace Dashboard.Tests.Core.Discovery.Dns;

public sealed class ResponseRateLimiterTests
{
    private const long Second = 1_000_000;

    [Fact]
    public void Judge_OneSecondsWorth_IsAnsweredAndTheRestAlternates()
    {
        var limiter = Limiter(100);

        var verdicts = Enumerable.Range(0, 110).Select(i => limiter.Judge([10, 0, 0, (byte)i], Second)).ToArray();

        Assert.All(verdicts[..100], verdict => Assert.Equal(DnsVerdict.Answer, verdict));
        Assert.Equal(5, verdicts[100..].Count(verdict => verdict == DnsVerdict.AskForStream));
        Assert.Equal(5, verdicts[100..].Count(verdict => verdict == DnsVerdict.Drop));
    }

    [Fact]
    public void Judge_AfterAWhile_FillsAtTheRate()
    {
        var limiter = Limiter(100);
        for (var i = 0; i < 200; i++)
        {
            limiter.Judge([10, 0, 0, 1], Second);
        }

        Assert.NotEqual(DnsVerdict.Answer, limiter.Judge([10, 0, 0, 1], Second + Second / 100 - 1));
        Assert.Equal(DnsVerdict.Answer, limiter.Judge([10, 0, 0, 1], Second + Second / 100));
        Assert.NotEqual(DnsVerdict.Answer, limiter.Judge([10, 0, 0, 1], Second + Second / 100));
    }

    [Fact]
    public void Judge_OtherNetwork_HasABucketOfItsOwn()
    {
        var limiter = Limiter(1);

        Assert.Equal(DnsVerdict.Answer, limiter.Judge([10, 0, 0, 1], Second));
        Assert.NotEqual(DnsVerdict.Answer, limiter.Judge([10, 0, 0, 2], Second));
        Assert.Equal(DnsVerdict.Answer, limiter.Judge([10, 0, 1, 1], Second));
    }

    [Fact]
    public void Judge_Ipv6_CountsByTheFirst56Bits()
    {
        var limiter = Limiter(1);

        Assert.Equal(DnsVerdict.Answer, limiter.Judge(IPAddress.Parse("2001:db8:0:1::1").GetAddressBytes(), Second));
        Assert.NotEqual(DnsVerdict.Answer, limiter.Judge(IPAddress.Parse("2001:db8:0:ff::2").GetAddressBytes(), Second));
        Assert.Equal(DnsVerdict.Answer, limiter.Judge(IPAddress.Parse("2001:db8:0:100::1").GetAddressBytes(), Second));
    }

    [Fact]
    public void Judge_ExemptOrWithoutALimit_IsAlwaysAnswered()
    {
        var limiter = Limiter(1, IPNetwork.Parse("10.4.0.0/14"), IPNetwork.Parse("::1/128"));
        var unlimited = Limiter(0);

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(DnsVerdict.Answer, limiter.Judge([10, 7, 255, 1], Second));
            Assert.Equal(DnsVerdict.Answer, limiter.Judge(IPAddress.IPv6Loopback.GetAddressBytes(), Second));
            Assert.Equal(DnsVerdict.Answer, unlimited.Judge([10, 8, 0, 1], Second));
        }

        limiter.Judge([10, 8, 0, 1], Second);
        Assert.NotEqual(DnsVerdict.Answer, limiter.Judge([10, 8, 0, 1], Second));
    }

    private static ResponseRateLimiter Limiter(int rate, params IPNetwork[] exempt) => new(rate, exempt, Second, seed: 7);
}
