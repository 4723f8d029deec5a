using System.Buffers.Binary;
using System.Text;
using ARSoft.Tools.Net.Dns;
using Dashboard.Core.Discovery.Dns;

namespace Dashboard.Tests.Core.Discovery.Dns;

/// <summary>Questions as bytes, and answers read by a DNS library that is not the product's.</summary>
internal static class DnsQuestions
{
    public const ushort Any = 255;
    public const ushort Axfr = 252;

    /// <summary>A question for one name.</summary>
    /// <param name="payload">The largest UDP answer that the client takes; null = without EDNS.</param>
    public static byte[] Ask(string name, RecordType type, ushort? payload = null, byte version = 0, ushort recordClass = 1, bool dnssec = false, ushort flags = 0x0100)
    {
        var bytes = new List<byte>();
        Add(0x1234);
        Add(flags);
        Add(1);
        Add(0);
        Add(0);
        Add(payload is null ? 0 : 1);
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.Latin1.GetBytes(label));
        }

        bytes.Add(0);
        Add((ushort)type);
        Add(recordClass);
        if (payload is { } size)
        {
            bytes.Add(0);
            Add(41);
            Add(size);
            bytes.AddRange([0, version, (byte)(dnssec ? 0x80 : 0), 0]);
            Add(0);
        }

        return [.. bytes];

        void Add(int value)
        {
            bytes.Add((byte)(value >> 8));
            bytes.Add((byte)value);
        }
    }

    public static DnsMessage Answer(this DnsResponder responder, string name, RecordType type, ushort? payload = null, bool stream = false, ulong client = 1, ulong ticket = 0) =>
        Read(responder.AnswerBytes(Ask(name, type, payload), stream, client, ticket));

    public static byte[] AnswerBytes(this DnsResponder responder, ReadOnlySpan<byte> question, bool stream = false, ulong client = 1, ulong ticket = 0)
    {
        var buffer = new byte[stream ? DnsResponder.MaxStreamed : DnsResponder.MaxDatagram];
        var reply = responder.Answer(question, buffer, new(stream, client, ticket));
        return buffer[..reply.Length];
    }

    public static DnsMessage Read(byte[] answer) => DnsMessage.Parse(new ArraySegment<byte>(answer));

    public static int Code(byte[] answer) => BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(2)) & 0xF;

    public static string[] Addresses(this DnsMessage message) => [.. message.AnswerRecords.OfType<AddressRecordBase>().Select(record => record.Address.ToString())];
}
