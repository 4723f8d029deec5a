using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>What is sent.</summary>
internal static class WebhookBody
{
    /// <summary>Alertmanager forgets an alert that is not told again by its end: three tellings may be lost.</summary>
    private const int ResendsToEnd = 4;

    /// <summary>One object: <c>{"version": 1, "sentAt": ..., "console": ..., "alerts": [...]}</c>.</summary>
    public static byte[] Json(IEnumerable<AlertNotice> notices, Uri console, DateTimeOffset now) => JsonSerializer.SerializeToUtf8Bytes(
        new JsonMessage(1, now, console.ToString(), [.. notices.Select(notice => new JsonAlert(
            notice.Fingerprint,
            notice.IsFiring ? "firing" : "resolved",
            notice.Rule,
            notice.Severity.ToString().ToLowerInvariant(),
            notice.Target,
            notice.Service,
            notice.Instance,
            notice.Node,
            notice.Summary,
            notice.Evidence,
            notice.StartsAt,
            notice.EndsAt,
            new Uri(console, notice.Place).ToString()))]),
        WebhookJson.Default.JsonMessage);

    /// <summary>Prometheus Alertmanager, API v2, <c>postableAlerts</c>: an alert is its labels, and ends at <c>endsAt</c> unless it is told again.</summary>
    public static byte[] Alertmanager(IEnumerable<AlertNotice> notices, Uri console, TimeSpan resend, DateTimeOffset now) => JsonSerializer.SerializeToUtf8Bytes(
        notices.Select(notice => new PostableAlert(
            Labels(notice),
            new(StringComparer.Ordinal) { ["summary"] = notice.Summary, ["description"] = notice.Evidence },
            notice.StartsAt,
            notice.EndsAt ?? now + ResendsToEnd * resend,
            new Uri(console, notice.Place).ToString())).ToArray(),
        WebhookJson.Default.PostableAlertArray);

    private static SortedDictionary<string, string> Labels(AlertNotice notice)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["alertname"] = char.ToUpperInvariant(notice.Rule[0]) + notice.Rule[1..],
            ["severity"] = notice.Severity.ToString().ToLowerInvariant(),
            ["target"] = notice.Target,
        };
        Add("service", notice.Service);
        Add("instance", notice.Instance);
        Add("node", notice.Node);
        return labels;

        void Add(string name, string? value)
        {
            if (value is { Length: > 0 })
                labels[name] = value;
        }
    }
}

internal sealed record JsonMessage(int Version, DateTimeOffset SentAt, string Console, ImmutableArray<JsonAlert> Alerts);

internal sealed record JsonAlert(
    string Fingerprint,
    string Status,
    string Rule,
    string Severity,
    string Target,
    string? Service,
    string? Instance,
    string? Node,
    string Summary,
    string Evidence,
    DateTimeOffset StartsAt,
    DateTimeOffset? EndsAt,
    string Link);

[JsonConverter(typeof(PostableAlertConverter))]
internal sealed record PostableAlert(SortedDictionary<string, string> Labels, SortedDictionary<string, string> Annotations, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string GeneratorURL);

// Alertmanager writes generatorURL so, and labels as they are.
internal sealed class PostableAlertConverter : JsonConverter<PostableAlert>
{
    public override PostableAlert? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException("It is only sent.");

    public override void Write(Utf8JsonWriter writer, PostableAlert value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        Texts("labels", value.Labels);
        Texts("annotations", value.Annotations);
        writer.WriteString("startsAt", value.StartsAt.UtcDateTime);
        writer.WriteString("endsAt", value.EndsAt.UtcDateTime);
        writer.WriteString("generatorURL", value.GeneratorURL);
        writer.WriteEndObject();

        void Texts(string name, SortedDictionary<string, string> texts)
        {
            writer.WriteStartObject(name);
            foreach (var (key, text) in texts)
                writer.WriteString(key, text);
            writer.WriteEndObject();
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(JsonMessage))]
[JsonSerializable(typeof(PostableAlert[]))]
[JsonSerializable(typeof(AlertNotice))]
internal sealed partial class WebhookJson : JsonSerializerContext;
