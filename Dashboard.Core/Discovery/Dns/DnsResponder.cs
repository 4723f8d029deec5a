using System.Buffers.Binary;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Dns;

/// <summary>
/// Answers DNS questions about the registry: authoritative for one zone, and for the reverse names of registered addresses; never recursive. Thread-safe, no clock, no
/// allocation for a service's answer. What a service's names answer is its serving set: never what is draining, drained, in maintenance or of weight 0.
/// </summary>
public sealed class DnsResponder
{
    /// <summary>Largest UDP answer, whatever the client offers: fits any path without fragments (DNS Flag Day 2020).</summary>
    public const int MaxDatagram = 1232;

    /// <summary>Largest UDP answer to a client without EDNS (RFC 1035 section 4.2.1).</summary>
    public const int PlainDatagram = 512;

    public const int MaxStreamed = ushort.MaxValue;

    private const int OptSize = 11;

    // RFC 8482 section 4.2: HINFO with CPU "RFC8482" and an empty OS.
    private static readonly byte[] MinimalAny = [7, .. "RFC8482"u8, 0];

    private readonly DnsAuthority _authority;
    private readonly DnsZone _zone;
    private readonly Func<ServingCatalog> _catalog;

    /// <param name="catalog">The newest catalog; until one was loaded (its generation is empty) every question gets SERVFAIL.</param>
    /// <param name="registered">The newest registry, where there is one: knows what is registered but does not serve, for reverse names and to tell NXDOMAIN from NODATA.</param>
    public DnsResponder(DnsOptions options, Func<ServingCatalog> catalog, Func<RegistrySnapshot?> registered)
    {
        ArgumentNullException.ThrowIfNull(options);
        _authority = new(options);
        // A registry of another generation than what is told (one that is withheld) says nothing about it.
        _zone = new(_authority, () => registered() is { } snapshot && snapshot.Generation == catalog().Generation ? snapshot : null);
        _catalog = catalog;
    }

    /// <summary>Answers a packet.</summary>
    /// <param name="buffer">Takes the answer: at least <see cref="MaxDatagram"/> bytes, for a stream <see cref="MaxStreamed"/>.</param>
    public DnsReply Answer(ReadOnlySpan<byte> packet, Span<byte> buffer, DnsAsker asker)
    {
        if (!DnsQuery.TryRead(packet, out var query, out var fault))
            return default;

        if (fault is not DnsCode.NoError and not DnsCode.BadVersion)
            return Fault(query, fault, buffer);

        var limit = asker.Stream ? MaxStreamed
            : query.HasEdns ? Math.Clamp((int)query.PayloadSize, PlainDatagram, MaxDatagram)
            : PlainDatagram;

        // The OPT record comes last; its room is kept.
        var writer = new DnsWriter(buffer[..(limit - (query.HasEdns ? OptSize : 0))]);
        writer.Append(packet[..query.QuestionEnd]);
        var answer = new Draft();
        if (fault != DnsCode.NoError)
            answer.Code = fault;
        else if (!query.IsInternet || query.Type is DnsType.Axfr or DnsType.Ixfr)
            answer.Code = DnsCode.Refused;
        else
            Fill(ref answer, ref writer, query, asker);

        return Finish(answer, ref writer, query, buffer);
    }

    /// <summary>The empty answer that makes a client come back over TCP; for one whose network is over its rate. Never longer than the question.</summary>
    public static DnsReply AskForStream(ReadOnlySpan<byte> packet, Span<byte> buffer)
    {
        if (!DnsQuery.TryRead(packet, out var query, out var fault))
            return default;

        if (fault is not DnsCode.NoError and not DnsCode.BadVersion)
            return Fault(query, fault, buffer);

        packet[..query.QuestionEnd].CopyTo(buffer);
        WriteHeader(buffer, query, DnsCode.NoError, DnsFlags.Truncated, 1, 0, 0, 0);
        return new(query.QuestionEnd, 0, true, null);
    }

    private void Fill(ref Draft answer, ref DnsWriter writer, in DnsQuery query, DnsAsker asker)
    {
        var catalog = _catalog();
        if (catalog.Generation == Guid.Empty)
        {
            answer.Code = DnsCode.ServerFailure;
            return;
        }

        var match = _zone.Find(query.Name, catalog);
        answer.Service = match.Service;
        if (match.Kind == DnsMatchKind.Outside)
        {
            answer.Code = DnsCode.Refused;
            return;
        }

        answer.Authoritative = true;
        switch (match.Kind)
        {
            case DnsMatchKind.Missing:
                answer.Code = DnsCode.NameError;
                break;
            case DnsMatchKind.Apex:
                FillApex(ref answer, ref writer, query, catalog);
                break;
            case DnsMatchKind.Reverse:
                FillReverse(ref answer, ref writer, query, match);
                break;
            case DnsMatchKind.Records or DnsMatchKind.ServiceRecords:
                FillRecords(ref answer, ref writer, query, match, asker);
                break;
        }

        // RFC 2308: "no such name" and "no such record" carry the SOA, whose lifetime and minimum say how long they may be kept.
        if (answer is { Answers: 0, Truncated: false })
        {
            WriteSoa(ref writer, query, match.Kind == DnsMatchKind.Reverse, _authority.NegativeTtl, catalog);
            answer.Authorities = 1;
        }
    }

    private void FillRecords(ref Draft answer, ref DnsWriter writer, in DnsQuery query, in DnsMatch match, DnsAsker asker)
    {
        var records = match.Records!;
        var addresses = match.Kind == DnsMatchKind.Records;
        switch (query.Type)
        {
            case DnsType.A when addresses:
                answer.Answers = records.V4.Write(ref writer, asker.Ticket, asker.Client);
                answer.Truncated = answer.Answers < records.V4.Count;
                break;
            case DnsType.Aaaa when addresses:
                answer.Answers = records.V6.Write(ref writer, asker.Ticket, asker.Client);
                answer.Truncated = answer.Answers < records.V6.Count;
                break;
            case DnsType.Srv:
                (answer.Answers, answer.Additional) = records.Services.Write(ref writer, asker.Ticket, asker.Client);
                answer.Truncated = answer.Answers < records.Services.Count;
                break;
            case DnsType.Any:
                WriteMinimalAny(ref answer, ref writer);
                break;
        }
    }

    private void FillApex(ref Draft answer, ref DnsWriter writer, in DnsQuery query, ServingCatalog catalog)
    {
        switch (query.Type)
        {
            case DnsType.Soa:
                WriteSoa(ref writer, query, reverse: false, _authority.Ttl, catalog);
                answer.Answers = 1;
                break;
            case DnsType.Ns:
                writer.Append(DnsWriter.PointerToQuestion);
                writer.AppendRecord(DnsType.Ns, _authority.Ttl, _authority.ServerWire.Length);
                var target = (ushort)(0xC000 | writer.Position);
                writer.Append(_authority.ServerWire);
                answer.Answers = 1;
                foreach (var address in _authority.ServerAddresses)
                {
                    var bytes = address.GetAddressBytes();
                    if (writer.Room < 12 + bytes.Length)
                        break;

                    writer.Append(target);
                    writer.AppendRecord(bytes.Length == 4 ? DnsType.A : DnsType.Aaaa, _authority.Ttl, bytes.Length);
                    writer.Append(bytes);
                    answer.Additional++;
                }

                break;
            case DnsType.Any:
                WriteMinimalAny(ref answer, ref writer);
                break;
        }
    }

    private void FillReverse(ref Draft answer, ref DnsWriter writer, in DnsQuery query, in DnsMatch match)
    {
        if (query.Type == DnsType.Any)
            WriteMinimalAny(ref answer, ref writer);

        if (query.Type != DnsType.Ptr)
            return;

        foreach (var target in match.Targets)
        {
            if (writer.Room < 12 + target.Length)
            {
                answer.Truncated = true;
                break;
            }

            writer.Append(DnsWriter.PointerToQuestion);
            writer.AppendRecord(DnsType.Ptr, _authority.Ttl, target.Length);
            writer.Append(target);
            answer.Answers++;
        }
    }

    private void WriteMinimalAny(ref Draft answer, ref DnsWriter writer)
    {
        writer.Append(DnsWriter.PointerToQuestion);
        writer.AppendRecord(DnsType.Hinfo, _authority.Ttl, MinimalAny.Length);
        writer.Append(MinimalAny);
        answer.Answers = 1;
    }

    /// <summary>The zone's SOA, owned by the zone's name inside the question. A reverse name is a zone of its own, of which nothing is known but what is registered.</summary>
    private void WriteSoa(ref DnsWriter writer, in DnsQuery query, bool reverse, uint ttl, ServingCatalog catalog)
    {
        var zone = (ushort)(reverse ? DnsWriter.PointerToQuestion : 0xC000 | (query.QuestionEnd - 4 - _authority.ZoneWire.Length));
        writer.Append(zone);
        var length = _authority.ServerWire.Length + _authority.MailboxWire.Length + 4 + _authority.Timers.Length;
        if (!reverse)
            length -= 2 * (_authority.ZoneWire.Length - 2);

        writer.AppendRecord(DnsType.Soa, ttl, length);
        WriteName(ref writer, _authority.ServerWire, reverse, zone);
        WriteName(ref writer, _authority.MailboxWire, reverse, zone);

        // Serial arithmetic wraps at 2^32 (RFC 1982).
        writer.Append(unchecked((uint)catalog.Revision));
        writer.Append(_authority.Timers);
    }

    private void WriteName(ref DnsWriter writer, byte[] wire, bool whole, ushort zone)
    {
        if (whole)
        {
            writer.Append(wire);
            return;
        }

        writer.Append(wire.AsSpan(0, wire.Length - _authority.ZoneWire.Length));
        writer.Append(zone);
    }

    private static DnsReply Finish(in Draft answer, ref DnsWriter writer, in DnsQuery query, Span<byte> buffer)
    {
        var length = writer.Position;
        var additional = answer.Additional;
        if (query.HasEdns)
        {
            var opt = buffer.Slice(length, OptSize);
            opt.Clear();
            BinaryPrimitives.WriteUInt16BigEndian(opt[1..], DnsType.Opt);
            BinaryPrimitives.WriteUInt16BigEndian(opt[3..], MaxDatagram);
            opt[5] = (byte)((int)answer.Code >> 4);
            opt[7] = (byte)(query.DnssecOk ? 0x80 : 0);
            length += OptSize;
            additional++;
        }

        var flags = (answer.Authoritative ? DnsFlags.Authoritative : 0) | (answer.Truncated ? DnsFlags.Truncated : 0);
        WriteHeader(buffer, query, answer.Code, flags, 1, answer.Answers, answer.Authorities, additional);
        return new(length, (int)answer.Code, answer.Truncated, answer.Service);
    }

    // What could not be read is not repeated: the answer is the header alone, so never longer than what came.
    private static DnsReply Fault(in DnsQuery query, DnsCode code, Span<byte> buffer)
    {
        query.Packet[..DnsQuery.HeaderSize].CopyTo(buffer);
        WriteHeader(buffer, query, code, 0, 0, 0, 0, 0);
        return new(DnsQuery.HeaderSize, (int)code, false, null);
    }

    private static void WriteHeader(Span<byte> buffer, in DnsQuery query, DnsCode code, int flags, int questions, int answers, int authorities, int additional)
    {
        var kept = query.Flags & (DnsFlags.OpcodeMask | DnsFlags.RecursionDesired | DnsFlags.CheckingDisabled);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[2..], (ushort)(DnsFlags.Response | kept | flags | ((int)code & 0xF)));
        BinaryPrimitives.WriteUInt16BigEndian(buffer[4..], (ushort)questions);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[6..], (ushort)answers);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[8..], (ushort)authorities);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[10..], (ushort)additional);
    }

    private struct Draft
    {
        public DnsCode Code;
        public bool Authoritative;
        public bool Truncated;
        public int Answers;
        public int Authorities;
        public int Additional;
        public string? Service;
    }
}
