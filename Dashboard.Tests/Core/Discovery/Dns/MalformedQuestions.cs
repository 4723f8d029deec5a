using ARSoft.Tools.Net.Dns;
using CsCheck;

namespace Dashboard.Tests.Core.Discovery.Dns;

/// <summary>Packets that are almost a question: cut off, with loops of compression pointers, with huge counts, with bits flipped, or just noise.</summary>
internal static class MalformedQuestions
{
    private static readonly byte[][] Sound =
    [
        DnsQuestions.Ask("orders.mesh", RecordType.A), DnsQuestions.Ask("_orders._tcp.mesh", RecordType.Srv, payload: 1232), DnsQuestions.Ask("1.0.0.10.in-addr.arpa", RecordType.Ptr),
        DnsQuestions.Ask("zone-a.zone.orders.mesh", RecordType.Aaaa, payload: 4096, dnssec: true), DnsQuestions.Ask("mesh", RecordType.Soa),
    ];

    private static readonly Gen<byte[]> AnySound = Gen.Int[0, Sound.Length - 1].Select(i => Sound[i]);

    private static readonly Gen<byte[]> Noise = Gen.Byte.Array[0, 600];

    private static readonly Gen<byte[]> NoiseBehindAHeader = Noise.Select(tail => (byte[])[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, .. tail]);

    private static readonly Gen<byte[]> Cut = Gen.Select(AnySound, Gen.Int[0, 60], (packet, length) => packet[..Math.Min(length, packet.Length)]);

    private static readonly Gen<byte[]> HugeCounts = Gen.Select(AnySound, Gen.Int[4, 11], Gen.Byte, (packet, at, value) =>
    {
        var copy = (byte[])packet.Clone();
        copy[at] = value;
        return copy;
    });

    private static readonly Gen<byte[]> Pointers = Gen.Select(AnySound, Gen.Int[12, 40], Gen.UShort, (packet, at, target) =>
    {
        var copy = (byte[])packet.Clone();
        at = Math.Min(at, copy.Length - 2);
        copy[at] = (byte)(0xC0 | target >> 8);
        copy[at + 1] = (byte)(target % 64);
        return copy;
    });

    private static readonly Gen<byte[]> Flipped = Gen.Select(AnySound, Gen.Select(Gen.Int[0, 1000], Gen.Byte).Array[1, 8], (packet, changes) =>
    {
        var copy = (byte[])packet.Clone();
        foreach (var (at, value) in changes)
        {
            copy[at % copy.Length] = value;
        }

        return copy;
    });

    private static readonly Gen<byte[]> Longer = Gen.Select(AnySound, Noise, (packet, tail) => (byte[])[.. packet, .. tail]);

    public static Gen<byte[]> Any { get; } = Gen.OneOf(Noise, NoiseBehindAHeader, Cut, HugeCounts, Pointers, Flipped, Longer);
}
