using ARSoft.Tools.Net.Dns;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Core.Discovery.Dns;

public sealed class DnsTruncationTests
{
    private const int Many = 200;

    [Theory]
    [InlineData(RecordType.A, null, 512)]
    [InlineData(RecordType.A, 100, 512)]
    [InlineData(RecordType.A, 1000, 1000)]
    [InlineData(RecordType.A, 65535, 1232)]
    [InlineData(RecordType.Srv, null, 512)]
    [InlineData(RecordType.Srv, 4096, 1232)]
    public void Answer_TooLargeForUdp_IsCutAtARecordAndSaysSo(RecordType type, int? payload, int limit)
    {
        var responder = Responder(_ => 100);

        var bytes = responder.AnswerBytes(DnsQuestions.Ask("big.mesh", type, (ushort?)payload));

        var answer = DnsQuestions.Read(bytes);
        Assert.True(answer.IsTruncated);
        Assert.InRange(bytes.Length, limit - 60, limit);
        Assert.InRange(answer.AnswerRecords.Count, 1, Many - 1);
    }

    [Theory]
    [InlineData(RecordType.A)]
    [InlineData(RecordType.Srv)]
    public void Answer_OverTcp_IsWhole(RecordType type)
    {
        var answer = Responder(_ => 100).Answer("big.mesh", type, stream: true);

        Assert.False(answer.IsTruncated);
        Assert.Equal(Many, answer.AnswerRecords.Count);
        if (type == RecordType.Srv)
            Assert.Equal(Many, answer.AdditionalRecords.OfType<ARecord>().Select(record => record.Name.ToString()).Distinct().Count());
    }

    // Beyond 16 KB compression pointers do not reach: names are written out.
    [Fact]
    public void Answer_VeryLargeOverTcp_IsWhole()
    {
        var answer = Responder(_ => 100, 900).Answer("big.mesh", RecordType.Srv, stream: true);

        Assert.False(answer.IsTruncated);
        Assert.Equal(900, answer.AnswerRecords.Count);
        Assert.All(answer.AdditionalRecords.OfType<ARecord>(), record => Assert.Equal(record.Address.ToString().Replace('.', '-') + "-8080.addr.big.mesh.", record.Name.ToString()));
    }

    [Fact]
    public void Answer_TooLargeForTcp_IsCut()
    {
        var answer = Responder(_ => 100, 5000).Answer("big.mesh", RecordType.Srv, stream: true);

        Assert.True(answer.IsTruncated);
        Assert.InRange(answer.AnswerRecords.Count, 1000, 4999);
    }

    [Fact]
    public void Answer_CutForOneClient_IsTheSameEachTime()
    {
        var responder = Responder(_ => 100);
        var first = responder.Answer("big.mesh", RecordType.A).Addresses();

        for (var ticket = 1UL; ticket < 100; ticket++)
        {
            Assert.Equal(first, responder.Answer("big.mesh", RecordType.A, ticket: ticket).Addresses());
        }

        Assert.Equal(
            responder.Answer("big.mesh", RecordType.Srv).AnswerRecords.Cast<SrvRecord>().Select(record => record.Target),
            responder.Answer("big.mesh", RecordType.Srv, ticket: 5).AnswerRecords.Cast<SrvRecord>().Select(record => record.Target));
    }

    [Fact]
    public void Answer_CutAfterOneWeightChanged_MovesFewRecords()
    {
        var before = Responder(_ => 100).Answer("big.mesh", RecordType.A).Addresses();
        var after = Responder(i => i == 7 ? 10 : 100).Answer("big.mesh", RecordType.A).Addresses();

        Assert.InRange(before.Except(after).Count(), 0, 1);
    }

    // Of 200 instances the even ones weigh 9 times as much as the odd ones: over many clients they are given about that much more often.
    [Fact]
    public void Answer_CutForManyClients_FollowsTheWeights()
    {
        var responder = Responder(i => i % 2 == 0 ? 900 : 100);

        var given = Enumerable.Range(0, 2000).SelectMany(client => responder.Answer("big.mesh", RecordType.A, client: (ulong)client).Addresses())
            .ToLookup(address => int.Parse(address.Split('.')[3]) % 2 == 0);

        Assert.InRange((double)given[true].Count() / given[false].Count(), 5, 10);
    }

    [Fact]
    public void Answer_Whole_StartsByWeightAndGoesRound()
    {
        var source = new FakeServingSource(ServingSets.Of(
            "three", ServingSets.Endpoint("a", "10.0.0.1", weight: 600), ServingSets.Endpoint("b", "10.0.0.2", weight: 300), ServingSets.Endpoint("c", "10.0.0.3", weight: 100)));
        var responder = new DnsResponder(new(), () => source.Current, () => null);
        string[] ring = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1", "10.0.0.2"];

        var firsts = new Dictionary<string, int>();
        for (var ticket = 0UL; ticket < 1000; ticket++)
        {
            var addresses = responder.Answer("three.mesh", RecordType.A, ticket: ticket).Addresses();
            firsts[addresses[0]] = firsts.GetValueOrDefault(addresses[0]) + 1;
            Assert.Equal(ring.AsSpan(Array.IndexOf(ring, addresses[0]), 3).ToArray(), addresses);
        }

        Assert.InRange(firsts["10.0.0.1"], 590, 610);
        Assert.InRange(firsts["10.0.0.2"], 290, 310);
        Assert.InRange(firsts["10.0.0.3"], 90, 110);
    }

    [Fact]
    public void Answer_SeveralInstancesOnOneAddress_GivesItOnceWithTheirWeightsTogether()
    {
        var source = new FakeServingSource(ServingSets.Of(
            "host", ServingSets.Endpoint("a", "10.0.0.1", 1), ServingSets.Endpoint("b", "10.0.0.1", 2), ServingSets.Endpoint("c", "10.0.0.1", 3), ServingSets.Endpoint("d", "10.0.0.2", 4)));
        var responder = new DnsResponder(new(), () => source.Current, () => null);

        var firsts = Enumerable.Range(0, 1000).Select(ticket => responder.Answer("host.mesh", RecordType.A, ticket: (ulong)ticket).Addresses()).ToArray();

        Assert.All(firsts, addresses => Assert.Equal(2, addresses.Length));
        Assert.InRange(firsts.Count(addresses => addresses[0] == "10.0.0.1"), 740, 760);
    }

    [Theory]
    [InlineData(100, 100, 256)]
    [InlineData(25, 100, 64)]
    [InlineData(50, 100, 128)]
    [InlineData(1, 10000, 1)]
    [InlineData(1, 1, 256)]
    public void WeightOnTheWire_AsHAProxyReadsIt_KeepsTheRatio(int weight, int heaviest, int read) =>
        Assert.Equal(read, DnsServiceRecords.WeightOnTheWire(weight, heaviest) / 256 + 1);

    private static DnsResponder Responder(Func<int, int> weight, int count = Many)
    {
        var source = new FakeServingSource(ServingSets.Of(
            "big", [.. Enumerable.Range(0, count).Select(i => ServingSets.Endpoint($"i-{i:D5}", $"10.{i / 250 / 250}.{i / 250 % 250}.{i % 250}", 8080, weight(i)))]));
        return new(new(), () => source.Current, () => null);
    }
}
