using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard.Core.Traffic;

/// <summary>A <see cref="TrafficReport"/> as JSON: the body of <c>POST /api/v1/reports</c>.</summary>
public sealed record TrafficReportDocument : KnownFields
{
    /// <summary>Rows that a report may have: a reporter that sends to 10,000 instances from a few sources each still fits.</summary>
    public const int MaximumRows = 100_000;

    public string? Reporter { get; init; }

    public Guid Session { get; init; }

    /// <summary>From 1, one more with each report of a session.</summary>
    public long Sequence { get; init; }

    /// <summary>How long the period was, in milliseconds; above 0, at most 900,000 (15 min).</summary>
    public double PeriodMs { get; init; }

    /// <summary>How long ago it ended, in milliseconds; 0 to 86,400,000 (a day).</summary>
    public double AgeMs { get; init; }

    public ImmutableArray<TrafficRowDocument> Rows { get; init; } = [];

    public ImmutableArray<InFlightDocument> InFlight { get; init; } = [];

    public static TrafficReportDocument From(TrafficReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new()
        {
            Reporter = report.Reporter,
            Session = report.Session,
            Sequence = report.Sequence,
            PeriodMs = report.Period.TotalMilliseconds,
            AgeMs = report.Age.TotalMilliseconds,
            Rows = ImmutableArray.CreateRange(report.Rows, row => new TrafficRowDocument(
                row.Source, row.Service, row.Instance, row.Requests, row.Completed, row.Failures, row.Latency.ToPairs())),
            InFlight = ImmutableArray.CreateRange(report.InFlight, row => new InFlightDocument(row.Service, row.Instance, row.Requests, row.LongLived)),
        };
    }

    /// <summary>Reads the report, or names every fault with its path.</summary>
    public TrafficReport? ToReport(out ImmutableArray<(string Path, string Fault)> faults)
    {
        var found = ImmutableArray.CreateBuilder<(string, string)>();
        Check(Reporter is { Length: > 0 and <= 256 }, "reporter", "must have 1 to 256 characters");
        Check(Session != Guid.Empty, "session", "must be a UUID that names this run of the reporter");
        Check(Sequence >= 1, "sequence", "must be 1 or more");
        Check(PeriodMs is > 0 and <= 900_000, "periodMs", "must be above 0 and at most 900000");
        Check(AgeMs is >= 0 and <= 86_400_000, "ageMs", "must be 0 to 86400000");
        CheckFields(this, "");
        var rows = Rows.IsDefault ? [] : Rows;
        var open = InFlight.IsDefault ? [] : InFlight;
        Check(rows.Length <= MaximumRows, "rows", $"must have at most {MaximumRows} entries");
        Check(open.Length <= MaximumRows, "inFlight", $"must have at most {MaximumRows} entries");
        var read = ImmutableArray.CreateBuilder<TrafficRow>(Math.Min(rows.Length, MaximumRows));
        for (var index = 0; index < rows.Length && found.Count < 100; index++)
        {
            var row = rows[index];
            if (row is null)
            {
                Check(false, $"rows[{index}]", "must be an object");
                continue;
            }

            CheckFields(row, $"rows[{index}].");
            var latency = LatencyHistogram.FromPairs(row.Latency.IsDefault ? [] : row.Latency.AsSpan());
            Check(row.Source is { Length: > 0 and <= 127 }, $"rows[{index}].source", "must name a service, or be external or unknown");
            Check(row.Service is { Length: > 0 and <= 127 }, $"rows[{index}].service", "must name a service");
            Check(row.Instance is { Length: > 0 and <= 128 }, $"rows[{index}].instance", "must name an instance");
            Check(row.Requests is >= 0 and <= int.MaxValue, $"rows[{index}].requests", "must be 0 to 2147483647");
            Check(row.Completed is >= 0 and <= int.MaxValue, $"rows[{index}].completed", "must be 0 to 2147483647");
            Check(row.Failures >= 0 && row.Failures <= row.Completed, $"rows[{index}].failures", "must be 0 to completed");
            Check(latency is not null, $"rows[{index}].latency", $"must be pairs of a bucket (rising, below {LatencyBuckets.Count}) and a count above 0");
            read.Add(new(row.Source!, row.Service!, row.Instance!, row.Requests, row.Completed, row.Failures, latency ?? LatencyHistogram.Empty));
        }

        for (var index = 0; index < open.Length && found.Count < 100; index++)
        {
            var row = open[index];
            if (row is null)
            {
                Check(false, $"inFlight[{index}]", "must be an object");
                continue;
            }

            CheckFields(row, $"inFlight[{index}].");
            Check(row is { Service.Length: > 0 and <= 127, Instance.Length: > 0 and <= 128 }, $"inFlight[{index}]", "must name a service and an instance");
            Check(row is { Requests: >= 0, LongLived: >= 0 } && row.LongLived <= row.Requests, $"inFlight[{index}].longLived", "must be 0 to requests");
        }

        faults = found.ToImmutable();
        return !faults.IsEmpty ? null : new()
        {
            Reporter = Reporter!,
            Session = Session,
            Sequence = Sequence,
            Period = TimeSpan.FromMilliseconds(PeriodMs),
            Age = TimeSpan.FromMilliseconds(AgeMs),
            Rows = read.ToImmutable(),
            InFlight = ImmutableArray.CreateRange(open, row => new InFlightRow(row.Service!, row.Instance!, row.Requests, row.LongLived)),
        };

        void CheckFields(KnownFields fields, string path)
        {
            if (fields.Unknown is { } unknown)
            {
                found.AddRange(unknown.Keys.Select(name => (path + name, "is not a known field")));
            }
        }

        void Check(bool holds, string path, string fault)
        {
            if (!holds)
            {
                found.Add((path, fault));
            }
        }
    }
}

/// <summary>A <see cref="TrafficRow"/> as JSON.</summary>
/// <param name="Latency">Pairs of a bucket of <see cref="LatencyBuckets"/> and a count.</param>
public sealed record TrafficRowDocument(string? Source, string? Service, string? Instance, long Requests, long Completed, long Failures, ImmutableArray<long> Latency) : KnownFields;

/// <summary>An <see cref="InFlightRow"/> as JSON.</summary>
public sealed record InFlightDocument(string? Service, string? Instance, int Requests, int LongLived) : KnownFields;

/// <summary>Keeps what else was sent, so that a misspelt field can be named.</summary>
public abstract record KnownFields
{
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>The JSON of traffic reports: camelCase.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(TrafficReportDocument))]
public sealed partial class TrafficJson : JsonSerializerContext;
