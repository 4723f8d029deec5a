using System.Buffers.Binary;
using System.Net;
using Dashboard.Core.Balancing;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>The A or the AAAA records of one name, encoded once: each is owned by a pointer to the question, so the same bytes serve however it was spelt.</summary>
internal sealed class DnsAddressRecords
{
    private readonly byte[] _bytes;
    private readonly DnsLine _line;
    private readonly int _size;

    /// <param name="type">A or AAAA; addresses of the other family are left out.</param>
    /// <param name="endpoints">Addresses with weights; the weights of equal ones add up.</param>
    public DnsAddressRecords(ushort type, IEnumerable<(IPAddress Address, int Weight)> endpoints, uint ttl)
    {
        var length = type == DnsType.A ? 4 : 16;
        _size = 12 + length;
        Dictionary<IPAddress, int> places = [];
        List<long> weights = [];
        List<byte[]> addresses = [];
        foreach (var (address, weight) in endpoints)
        {
            var bytes = address.GetAddressBytes();
            if (bytes.Length != length)
                continue;

            if (places.TryAdd(address, addresses.Count))
            {
                addresses.Add(bytes);
                weights.Add(weight);
            }
            else
            {
                weights[places[address]] += weight;
            }
        }

        _bytes = new byte[addresses.Count * _size];
        var identities = new ulong[addresses.Count];
        for (var i = 0; i < addresses.Count; i++)
        {
            var record = _bytes.AsSpan(i * _size, _size);
            BinaryPrimitives.WriteUInt16BigEndian(record, DnsWriter.PointerToQuestion);
            BinaryPrimitives.WriteUInt16BigEndian(record[2..], type);
            BinaryPrimitives.WriteUInt16BigEndian(record[4..], DnsWriter.ClassInternet);
            BinaryPrimitives.WriteUInt32BigEndian(record[6..], ttl);
            BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)length);
            addresses[i].CopyTo(record[12..]);
            identities[i] = Identity(addresses[i]);
        }

        _line = new(identities, weights.ToArray());
    }

    public int Count => _line.Count;

    /// <summary>Writes all of them from a weighted place on, or a client's sample of them. Returns how many; fewer than <see cref="Count"/> when the room is too small.</summary>
    public int Write(ref DnsWriter writer, ulong ticket, ulong client)
    {
        var fit = writer.Room / _size;
        if (fit >= Count)
        {
            var start = _line.StartAt(ticket) * _size;
            writer.Append(_bytes.AsSpan(start));
            writer.Append(_bytes.AsSpan(0, start));
            return Count;
        }

        var sample = _line.Sample(client, fit);
        for (var i = 0; i < fit; i++)
        {
            writer.Append(_bytes.AsSpan(sample[i] * _size, _size));
        }

        return fit;
    }

    private static ulong Identity(byte[] address)
    {
        var identity = 0UL;
        foreach (var part in address)
        {
            identity = RandomBits.Mix(identity ^ part) + RandomBits.Golden;
        }

        return identity;
    }
}
