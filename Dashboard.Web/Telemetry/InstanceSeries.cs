using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Telemetry;

/// <summary>
/// The series of each instance, as text from the view while they are sent. The metrics library keeps a place, two labels and a table's entry for each series for ever, and an exposition whole: of 10,000
/// instances 75 MB, and 11 MB more for each scraper that reads slowly. Written like this a series costs nothing between two scrapes, and a slow scraper the view.
/// </summary>
internal static class InstanceSeries
{
    public const string Prefix = "mesh_instance_";

    /// <summary>Versions, nodes and zones are the instances' own words; longer ones are cut.</summary>
    private const int MaxLabelLength = 128;

    // More than any line takes besides its labels' values.
    private const int LineRoom = 160;

    private static readonly Family[] Families =
    [
        Family.Gauge("drain_deadline_timestamp_seconds", "When the deadline of its drain is, in seconds since 1970; absent while it does not drain.", Deadline),
        Family.Counter("failures", "Requests that failed at it: no complete answer, a 5xx or a failing gRPC status.", shown => shown.Failures),
        Family.Gauge("health", "Observed health: 0 unknown, 1 healthy, 2 degraded, 3 unhealthy.", shown => (int)shown.Instance.HealthStatus),
        Family.Gauge("in_flight", "Open requests and long-lived connections; absent while a data plane is silent about it.", shown => shown.InFlight),
        Family.Gauge("info", "Always 1; its labels tell where the instance runs and what.", _ => 1) with { TellsWhere = true },
        Family.Gauge("intended_share_ratio", "The part of its service's new requests that it should get, 0-1; absent where the policy looks at requests in flight.", shown => shown.IntendedShare),
        Family.Gauge("intent", "What operators want of it or its node: 0 active, 1 draining, 2 drained, 3 maintenance.", shown => (int)shown.Instance.EffectiveIntent.Kind),
        Family.Counter("requests", "Requests that data planes sent to it.", shown => shown.Requests),
        Family.Gauge("serving", "Whether it gets new requests: 1 or 0.", shown => shown.IsServing ? 1 : 0),
        Family.Gauge("weight", "Effective weight, 0-10000.", shown => shown.Instance.EffectiveWeight),
    ];

    /// <summary>Writes all of them.</summary>
    /// <param name="openMetrics">In the OpenMetrics format, which names a counter's family without its suffix; else in Prometheus' own.</param>
    /// <exception cref="TimeoutException">The client does not read: its connection is to be aborted.</exception>
    public static async ValueTask WriteAsync(PipeWriter writer, MeshView view, bool openMetrics, TimeProvider time, CancellationToken cancellationToken)
    {
        var unsent = 0;
        foreach (var family in Families)
        {
            var isNamed = false;
            foreach (var shown in view.Instances)
            {
                if (family.Value(shown) is not { } value)
                    continue;

                if (!isNamed)
                    unsent += WriteName(writer, family, openMetrics);

                isNamed = true;
                unsent += WriteLine(writer, family, shown.Instance, value);
                if (unsent < PacedBody.Piece)
                    continue;

                await PacedBody.FlushAsync(writer, time, cancellationToken);
                unsent = 0;
            }
        }

        await PacedBody.FlushAsync(writer, time, cancellationToken);
    }

    private static int WriteName(PipeWriter writer, Family family, bool openMetrics)
    {
        var name = openMetrics ? Prefix + family.Name : family.Series;
        return (int)Encoding.UTF8.GetBytes($"# TYPE {name} {(family.IsCounter ? "counter" : "gauge")}\n# HELP {name} {family.Help}\n", writer);
    }

    private static int WriteLine(PipeWriter writer, Family family, Instance instance, double value)
    {
        var registration = instance.Registration;
        // Each character has at most three bytes, or is escaped as two.
        var labels = instance.Key.Service.Length + instance.Key.Id.Length + (family.TellsWhere ? 3 * MaxLabelLength : 0);
        var line = new Line(writer.GetSpan(LineRoom + 3 * labels));
        line.Add(family.Head);
        line.AddEscaped(instance.Key.Id);
        if (family.TellsWhere)
        {
            line.Add("\",node=\""u8);
            line.AddEscaped(registration.Node);
        }

        line.Add("\",service=\""u8);
        line.AddEscaped(instance.Key.Service);
        if (family.TellsWhere)
        {
            line.Add("\",version=\""u8);
            line.AddEscaped(registration.Version);
            line.Add("\",zone=\""u8);
            line.AddEscaped(registration.Zone);
        }

        line.Add("\"} "u8);
        line.Add(value);
        line.Add("\n"u8);
        writer.Advance(line.Length);
        return line.Length;
    }

    private static double? Deadline(ShownInstance shown) =>
        shown.Instance.EffectiveIntent is { Kind: IntentKind.Draining, Deadline: { } deadline } ? deadline.ToUnixTimeMilliseconds() / 1000.0 : null;

    private sealed record Family(string Name, string Help, bool IsCounter, Func<ShownInstance, double?> Value)
    {
        /// <summary>Its labels tell node, version and zone too.</summary>
        public bool TellsWhere { get; init; }

        public string Series { get; } = Prefix + Name + (IsCounter ? "_total" : "");

        public byte[] Head { get; } = Encoding.ASCII.GetBytes($"{Prefix}{Name}{(IsCounter ? "_total" : "")}{{instance=\"");

        public static Family Gauge(string name, string help, Func<ShownInstance, double?> value) => new(name, help, IsCounter: false, value);

        public static Family Counter(string name, string help, Func<ShownInstance, double?> value) => new(name, help, IsCounter: true, value);
    }

    /// <summary>One line in a span that has room for it.</summary>
    private ref struct Line(Span<byte> room)
    {
        private readonly Span<byte> _room = room;

        public int Length { get; private set; }

        public void Add(ReadOnlySpan<byte> text)
        {
            text.CopyTo(_room[Length..]);
            Length += text.Length;
        }

        /// <summary>A number as the shortest text that reads back as the same.</summary>
        public void Add(double value)
        {
            value.TryFormat(_room[Length..], out var written, provider: CultureInfo.InvariantCulture);
            Length += written;
        }

        public void AddEscaped(string? label)
        {
            var text = label.AsSpan();
            if (text.Length > MaxLabelLength)
                text = text[..MaxLabelLength];

            while (text.IndexOfAny('"', '\\', '\n') is >= 0 and var special)
            {
                Length += Encoding.UTF8.GetBytes(text[..special], _room[Length..]);
                Add(text[special] switch { '"' => "\\\""u8, '\\' => "\\\\"u8, _ => "\\n"u8 });
                text = text[(special + 1)..];
            }

            Length += Encoding.UTF8.GetBytes(text, _room[Length..]);
        }
    }
}
