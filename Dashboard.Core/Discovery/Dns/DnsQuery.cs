using System.Buffers.Binary;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>
/// A question as it came, read without copying: the header, one question and what its OPT record says. Everything that is read lies inside the packet;
/// nothing is followed, so that no packet can make the reader loop.
/// </summary>
internal readonly ref struct DnsQuery
{
    public const int HeaderSize = 12;

    /// <summary>Largest name on the wire (RFC 1035 section 2.3.4), so also the most that one occupies.</summary>
    public const int MaxName = 255;

    private const ushort ClassInternet = 1;

    private DnsQuery(ReadOnlySpan<byte> packet, int questionEnd, ushort type, ushort recordClass, bool edns, ushort payload, byte version, bool dnssec)
    {
        Packet = packet;
        QuestionEnd = questionEnd;
        Type = type;
        IsInternet = recordClass == ClassInternet;
        HasEdns = edns;
        PayloadSize = payload;
        EdnsVersion = version;
        DnssecOk = dnssec;
    }

    public ReadOnlySpan<byte> Packet { get; }

    /// <summary>Where the question section ends; 12 when there is no readable question.</summary>
    public int QuestionEnd { get; }

    public ushort Flags => BinaryPrimitives.ReadUInt16BigEndian(Packet[2..]);

    /// <summary>The name as it was asked, in wire form with the closing root label.</summary>
    public ReadOnlySpan<byte> Name => Packet[HeaderSize..(QuestionEnd - 4)];

    public ushort Type { get; }

    public bool IsInternet { get; }

    public bool HasEdns { get; }

    /// <summary>The largest UDP answer that the client takes, as its OPT record says.</summary>
    public ushort PayloadSize { get; }

    public byte EdnsVersion { get; }

    /// <summary>Copied into the answer (RFC 3225 section 3).</summary>
    public bool DnssecOk { get; }

    /// <summary>Reads a packet.</summary>
    /// <returns>False for what gets no answer at all: less than a header, or an answer itself (answering those would make loops).</returns>
    public static bool TryRead(ReadOnlySpan<byte> packet, out DnsQuery query, out DnsCode fault)
    {
        query = default;
        fault = DnsCode.NoError;
        if (packet.Length < HeaderSize || (packet[2] & 0x80) != 0)
            return false;

        query = new(packet, HeaderSize, 0, 0, edns: false, 0, 0, dnssec: false);
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) & DnsFlags.OpcodeMask) != 0)
        {
            fault = DnsCode.NotImplemented;
            return true;
        }

        fault = DnsCode.FormatError;
        var questions = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        var answers = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        var authorities = BinaryPrimitives.ReadUInt16BigEndian(packet[8..]);
        if (questions != 1 || answers != 0 || authorities != 0)
            return true;

        // Nothing stands before the first name that a compression pointer could point to, so it has to be written out.
        var end = EndOfName(packet, HeaderSize, pointers: false);
        if (end < 0 || end + 4 > packet.Length || end - HeaderSize > MaxName)
            return true;

        var type = BinaryPrimitives.ReadUInt16BigEndian(packet[end..]);
        var recordClass = BinaryPrimitives.ReadUInt16BigEndian(packet[(end + 2)..]);
        if (!TryReadOpt(packet, end + 4, out var edns, out var payload, out var version, out var dnssec))
            return true;

        query = new(packet, end + 4, type, recordClass, edns, payload, version, dnssec);
        fault = version > 0 ? DnsCode.BadVersion : DnsCode.NoError;
        return true;
    }

    /// <summary>Walks the additional section for the OPT record (RFC 6891 section 6.1): at most one, owned by the root. Others are skipped.</summary>
    private static bool TryReadOpt(ReadOnlySpan<byte> packet, int at, out bool edns, out ushort payload, out byte version, out bool dnssec)
    {
        (edns, payload, version, dnssec) = (false, 0, 0, false);
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(packet[10..]); left > 0; left--)
        {
            var start = at;
            at = EndOfName(packet, at, pointers: true);
            if (at < 0 || at + 10 > packet.Length)
                return false;

            if (BinaryPrimitives.ReadUInt16BigEndian(packet[at..]) == DnsType.Opt)
            {
                if (edns || at != start + 1)
                    return false;

                edns = true;
                payload = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]);
                version = packet[at + 5];
                dnssec = (packet[at + 6] & 0x80) != 0;
            }

            at += 10 + BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 8)..]);
            if (at > packet.Length)
                return false;
        }

        return true;
    }

    private static int EndOfName(ReadOnlySpan<byte> packet, int at, bool pointers)
    {
        while (at < packet.Length)
        {
            var length = packet[at];
            if (length == 0)
                return at + 1;

            if (length >= 0xC0)
                return pointers && at + 2 <= packet.Length ? at + 2 : -1;

            if (length > 63)
                return -1;

            at += 1 + length;
        }

        return -1;
    }
}
