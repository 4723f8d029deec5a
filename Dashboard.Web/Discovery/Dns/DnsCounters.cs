using System.Diagnostics.Metrics;
using Dashboard.Core.Discovery.Dns;

namespace Dashboard.Web.Discovery.Dns;

/// <summary>What DNS did since the start; published as instruments of the meter <c>Dashboard.Dns</c>.</summary>
public sealed class DnsCounters : IDisposable
{
    public const string MeterName = "Dashboard.Dns";

    private const int Codes = 6;

    private static readonly string[] CodeNames = ["noerror", "formerr", "servfail", "nxdomain", "notimp", "refused"];

    private readonly Meter _meter = new(MeterName);
    private readonly long[] _answers = new long[Codes];
    private long _truncated;
    private long _limited;
    private long _ignored;
    private long _connectionsRefused;

    public DnsCounters()
    {
        _meter.CreateObservableCounter(
            "mesh_dns_answers",
            () => CodeNames.Select((name, code) => new Measurement<long>(Interlocked.Read(ref _answers[code]), new KeyValuePair<string, object?>("code", name))),
            description: "DNS answers by response code.");
        _meter.CreateObservableCounter("mesh_dns_truncated", () => Truncated, description: "DNS answers that did not fit and said so.");
        _meter.CreateObservableCounter("mesh_dns_rate_limited", () => RateLimited, description: "DNS questions over UDP whose network was over its rate.");
        _meter.CreateObservableCounter("mesh_dns_ignored", () => Ignored, description: "Packets on the DNS port that are no question.");
        _meter.CreateObservableCounter("mesh_dns_connections_refused", () => ConnectionsRefused, description: "DNS connections over TCP closed at once because there were too many.");
    }

    public long Answers => Enumerable.Range(0, Codes).Sum(code => Interlocked.Read(ref _answers[code]));

    public long Truncated => Interlocked.Read(ref _truncated);

    public long RateLimited => Interlocked.Read(ref _limited);

    public long Ignored => Interlocked.Read(ref _ignored);

    public long ConnectionsRefused => Interlocked.Read(ref _connectionsRefused);

    public void Dispose() => _meter.Dispose();

    internal void Count(DnsReply reply)
    {
        if (reply.Length == 0)
        {
            Interlocked.Increment(ref _ignored);
            return;
        }

        Interlocked.Increment(ref _answers[reply.Code < Codes ? reply.Code : 1]);
        if (reply.Truncated)
            Interlocked.Increment(ref _truncated);
    }

    internal void CountLimited() => Interlocked.Increment(ref _limited);

    internal void CountRefusedConnection() => Interlocked.Increment(ref _connectionsRefused);
}
