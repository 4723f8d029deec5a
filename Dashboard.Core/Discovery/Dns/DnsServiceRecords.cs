using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Text;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>The SRV records of one name (RFC 2782), encoded once, with the addresses that go into the additional section.</summary>
internal sealed class DnsServiceRecords
{
    /// <summary>All instances that serve are equal but for their weight; RFC 2782 clients use the lowest priority number alone.</summary>
    public const ushort Priority = 1;

    private const int TargetAt = 18;

    private readonly byte[] _bytes;
    private readonly int[] _starts;
    private readonly byte[][] _addresses;
    private readonly DnsLine _line;
    private readonly uint _ttl;

    public DnsServiceRecords(string service, IReadOnlyList<(ServingEndpoint Endpoint, IPAddress Address)> endpoints, DnsAuthority authority)
    {
        _ttl = authority.Ttl;
        _starts = new int[endpoints.Count + 1];
        _addresses = new byte[endpoints.Count][];
        var heaviest = endpoints.Count == 0 ? 1 : endpoints.Max(item => item.Endpoint.Weight);
        var bytes = new ArrayBufferWriter<byte>(Math.Max(1, endpoints.Count * 48));
        var weights = new long[endpoints.Count];
        var identities = new ulong[endpoints.Count];
        for (var i = 0; i < endpoints.Count; i++)
        {
            var (endpoint, address) = endpoints[i];
            var target = DnsName.ToWire($"{DnsName.EndpointLabel(address, endpoint.Port)}.addr.{service}.{authority.Zone}");
            var record = bytes.GetSpan(TargetAt + target.Length);
            BinaryPrimitives.WriteUInt16BigEndian(record, DnsWriter.PointerToQuestion);
            BinaryPrimitives.WriteUInt16BigEndian(record[2..], DnsType.Srv);
            BinaryPrimitives.WriteUInt16BigEndian(record[4..], DnsWriter.ClassInternet);
            BinaryPrimitives.WriteUInt32BigEndian(record[6..], _ttl);
            BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)(6 + target.Length));
            BinaryPrimitives.WriteUInt16BigEndian(record[12..], Priority);
            BinaryPrimitives.WriteUInt16BigEndian(record[14..], WeightOnTheWire(endpoint.Weight, heaviest));
            BinaryPrimitives.WriteUInt16BigEndian(record[16..], (ushort)endpoint.Port);

            // RFC 2782: the target is not compressed.
            target.CopyTo(record[TargetAt..]);
            bytes.Advance(TargetAt + target.Length);
            _starts[i + 1] = bytes.WrittenCount;
            _addresses[i] = address.GetAddressBytes();
            weights[i] = endpoint.Weight;
            identities[i] = Identity(endpoint.Id);
        }

        _bytes = bytes.WrittenSpan.ToArray();
        _line = new(identities, weights);
    }

    public int Count => _line.Count;

    /// <summary>
    /// A weight relative to the heaviest, over the whole range of 16 bits. HAProxy takes weight / 256 + 1 of it, so that registry weights as they are (100, 25) would
    /// all become 1; rounding down makes its result the nearest one not below 256 x weight / heaviest.
    /// </summary>
    public static ushort WeightOnTheWire(int weight, int heaviest) => (ushort)Math.Max(1, (long)ushort.MaxValue * weight / heaviest);

    /// <summary>Writes the records, then as many of their addresses as fit. Returns the counts; fewer records than <see cref="Count"/> when the room is too small.</summary>
    public (int Answers, int Additional) Write(ref DnsWriter writer, ulong ticket, ulong client)
    {
        if (Count == 0)
            return (0, 0);

        if (_bytes.Length > writer.Room)
            return WriteSample(ref writer, client);

        // One piece from a weighted place to the end and one from the start, as for addresses.
        var start = _line.StartAt(ticket);
        var first = writer.Position;
        writer.Append(_bytes.AsSpan(_starts[start]));
        var second = writer.Position;
        writer.Append(_bytes.AsSpan(0, _starts[start]));

        var additional = 0;
        for (var i = 0; i < Count; i++)
        {
            var index = start + i < Count ? start + i : start + i - Count;
            var at = index >= start ? first + _starts[index] - _starts[start] : second + _starts[index];
            if (!WriteAddress(ref writer, index, at))
                break;

            additional++;
        }

        return (Count, additional);
    }

    private (int Answers, int Additional) WriteSample(ref DnsWriter writer, ulong client)
    {
        var answers = 0;
        foreach (var index in _line.Sample(client, writer.Room / (TargetAt + 12)))
        {
            var record = _bytes.AsSpan(_starts[index].._starts[index + 1]);
            if (record.Length > writer.Room)
                break;

            writer.Append(record);
            answers++;
        }

        return (answers, 0);
    }

    private bool WriteAddress(ref DnsWriter writer, int index, int recordAt)
    {
        var address = _addresses[index];
        var target = _bytes.AsSpan((_starts[index] + TargetAt).._starts[index + 1]);
        var near = recordAt + TargetAt < DnsWriter.PointerReach;
        if ((near ? 2 : target.Length) + 10 + address.Length > writer.Room)
            return false;

        if (near)
            writer.Append((ushort)(0xC000 | (recordAt + TargetAt)));
        else
            writer.Append(target);

        writer.AppendRecord(address.Length == 4 ? DnsType.A : DnsType.Aaaa, _ttl, address.Length);
        writer.Append(address);
        return true;
    }

    private static ulong Identity(string id)
    {
        var identity = 0UL;
        foreach (var letter in Encoding.ASCII.GetBytes(id))
        {
            identity = RandomBits.Mix(identity ^ letter) + RandomBits.Golden;
        }

        return identity;
    }
}
