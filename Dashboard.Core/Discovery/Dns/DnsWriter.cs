using System.Buffers.Binary;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>Writes an answer into a buffer that ends where the answer has to end.</summary>
internal ref struct DnsWriter(Span<byte> buffer)
{
    public const ushort ClassInternet = 1;
    public const ushort PointerToQuestion = 0xC000 | DnsQuery.HeaderSize;

    /// <summary>Compression pointers reach this far (RFC 1035 section 4.1.4).</summary>
    public const int PointerReach = 0x4000;

    private readonly Span<byte> _buffer = buffer;

    public int Position { get; private set; }

    public readonly int Room => _buffer.Length - Position;

    public readonly Span<byte> Written => _buffer[..Position];

    public void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[Position..]);
        Position += bytes.Length;
    }

    public void Append(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[Position..], value);
        Position += 2;
    }

    public void Append(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[Position..], value);
        Position += 4;
    }

    /// <summary>What comes between a record's owner and its data.</summary>
    public void AppendRecord(ushort type, uint ttl, int dataLength)
    {
        Append(type);
        Append(ClassInternet);
        Append(ttl);
        Append((ushort)dataLength);
    }
}
