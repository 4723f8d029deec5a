using ARSoft.Tools.Net.Dns;
using CsCheck;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Core.Discovery.Dns;

public sealed class MalformedQuestionTests
{
    private readonly DnsResponder _responder;

    public MalformedQuestionTests()
    {
        var source = new FakeServingSource(ServingSets.Of("orders", [.. Enumerable.Range(0, 40).Select(i => ServingSets.Endpoint($"o-{i}", $"10.0.0.{i + 1}"))]));
        _responder = new(new(), () => source.Current, () => null);
    }

    [Fact]
    public void Answer_AnyBytes_IsWellFormedOrNone() => MalformedQuestions.Any.Sample(Check, iter: 100_000);

    [Theory]
    [InlineData(new byte[] { 0xC0, 0x0C })] // points to itself
    [InlineData(new byte[] { 3, 65, 66, 67, 0xC0, 0x0C })] // a loop with a label in it
    [InlineData(new byte[] { 0xC0 })]
    [InlineData(new byte[] { 0x40, 65, 0 })]
    [InlineData(new byte[] { 63, 65, 0 })]
    [InlineData(new byte[] { })]
    public void Answer_NameThatIsNone_IsFormatError(byte[] name)
    {
        byte[] question = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. name, 0, 1, 0, 1];

        var answer = _responder.AnswerBytes(question);

        Assert.Equal(DnsQuery.HeaderSize, answer.Length);
        Assert.Equal((int)ReturnCode.FormatError, DnsQuestions.Code(answer));
        Assert.Equal(question[..2], answer[..2]);
    }

    [Fact]
    public void Answer_NameOf256Bytes_IsFormatErrorAndOf255Not()
    {
        var longest = string.Join('.', Enumerable.Repeat(new string('a', 63), 3)) + "." + new string('b', 61);

        Assert.Equal((int)ReturnCode.Refused, DnsQuestions.Code(_responder.AnswerBytes(DnsQuestions.Ask(longest, RecordType.A))));
        Assert.Equal((int)ReturnCode.FormatError, DnsQuestions.Code(_responder.AnswerBytes(DnsQuestions.Ask(longest + "b", RecordType.A))));
    }

    [Fact]
    public void Answer_TwoQuestionsOrTwoOpts_IsFormatError()
    {
        var two = DnsQuestions.Ask("orders.mesh", RecordType.A);
        two[5] = 2;
        var edns = DnsQuestions.Ask("orders.mesh", RecordType.A, payload: 1232);
        byte[] twice = [.. edns, .. edns[^11..]];
        twice[11] = 2;

        Assert.Equal((int)ReturnCode.FormatError, DnsQuestions.Code(_responder.AnswerBytes(two)));
        Assert.Equal((int)ReturnCode.FormatError, DnsQuestions.Code(_responder.AnswerBytes(twice)));
    }

    private void Check(byte[] packet)
    {
        foreach (var stream in new[] { false, true })
        {
            var answer = _responder.AnswerBytes(packet, stream);
            if (answer.Length > 0)
            {
                Assert.InRange(answer.Length, 12, stream ? int.MaxValue : DnsResponder.MaxDatagram);
                Assert.Equal(packet[..2], answer[..2]);
                DnsQuestions.Read(answer);
            }
        }

        var buffer = new byte[DnsResponder.MaxDatagram];
        Assert.InRange(DnsResponder.AskForStream(packet, buffer).Length, 0, packet.Length);
    }
}
