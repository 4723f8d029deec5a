using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Attention.Webhooks;
using Microsoft.Extensions.Configuration;

namespace Dashboard.Core.Attention;

/// <summary>Reads <c>Attention:*</c> and names every fault, so that a start fails once and not once for each.</summary>
public static class AttentionConfiguration
{
    public const string Section = "Attention";

    private const double HourSeconds = 3600;

    /// <summary>The options, and what is wrong with them: <c>Attention:Rules:StoreAway:ForSeconds: soon is not a number from 0 to 3600</c>. Values of headers and tokens are not repeated.</summary>
    public static (AttentionOptions Options, ImmutableArray<string> Faults) Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var faults = new List<string>();
        var section = configuration.GetSection(Section);
        Known(section, ["Rules", "Webhooks", "ConsoleUrl"], faults);
        var rules = Rules(section.GetSection("Rules"), faults);
        var webhooks = Webhooks(section.GetSection("Webhooks"), faults);
        var url = section["ConsoleUrl"] is { Length: > 0 } text ? Address(text, "Attention:ConsoleUrl", faults) : null;
        return (new(rules, webhooks) { ConsoleUrl = url }, [.. faults]);
    }

    private static Dictionary<AlertRule, RuleSettings> Rules(IConfigurationSection section, List<string> faults)
    {
        var rules = new Dictionary<AlertRule, RuleSettings>();
        foreach (var child in section.GetChildren())
        {
            if (int.TryParse(child.Key, out _) || !Enum.TryParse<AlertRule>(child.Key, ignoreCase: true, out var rule))
            {
                faults.Add($"{child.Path}: there is no such rule; there are {string.Join(", ", Enum.GetNames<AlertRule>())}");
                continue;
            }

            var described = RuleBook.Of(rule);
            var defaults = described.Defaults;
            Known(child, described.Threshold is null ? ["Enabled", "ForSeconds", "ClearSeconds", "Severity"] : ["Enabled", "ForSeconds", "ClearSeconds", "Severity", "Threshold"], faults);
            rules[rule] = new(
                Choice<AlertSeverity>(child, "Severity", faults) ?? defaults.Severity,
                Number(child, "ForSeconds", 0, HourSeconds, faults) is { } held ? TimeSpan.FromSeconds(held) : defaults.For,
                Number(child, "ClearSeconds", 0, HourSeconds, faults) is { } gone ? TimeSpan.FromSeconds(gone) : defaults.Clear,
                described.Threshold is { } threshold ? Number(child, "Threshold", threshold.Least, threshold.Most, faults) ?? defaults.Threshold : null,
                Flag(child, "Enabled", faults) ?? true);
        }

        return rules;
    }

    private static ImmutableArray<WebhookOptions> Webhooks(IConfigurationSection section, List<string> faults)
    {
        var webhooks = ImmutableArray.CreateBuilder<WebhookOptions>();
        foreach (var child in section.GetChildren())
        {
            Known(child, ["Name", "Url", "Format", "Token", "Headers", "MinimumSeverity", "ResendSeconds", "TimeoutSeconds"], faults);
            var before = faults.Count;
            var url = child["Url"] is { Length: > 0 } text ? Address(text, $"{child.Path}:Url", faults) : null;
            if (url is null && faults.Count == before)
                faults.Add($"{child.Path}:Url: is required");

            var format = Choice<WebhookFormat>(child, "Format", faults) ?? WebhookFormat.Json;
            var name = child["Name"] is { Length: > 0 } given ? given : url?.Host ?? child.Key;
            if (name.Length > 64 || name.Any(char.IsControl))
                faults.Add($"{child.Path}:Name: must have at most 64 characters, none of them a control character");
            if (webhooks.Any(other => other.Name == name))
                name = $"{name} {child.Key}";

            var options = new WebhookOptions(name, url ?? new("http://invalid.invalid"), format)
            {
                Headers = Headers(child, faults),
                MinimumSeverity = Choice<AlertSeverity>(child, "MinimumSeverity", faults) ?? AlertSeverity.Warning,
            };
            webhooks.Add(options with
            {
                Resend = Number(child, "ResendSeconds", 10, HourSeconds, faults) is { } resend ? TimeSpan.FromSeconds(resend) : options.Resend,
                Timeout = Number(child, "TimeoutSeconds", 1, 60, faults) is { } timeout ? TimeSpan.FromSeconds(timeout) : options.Timeout,
            });
        }

        return webhooks.ToImmutable();
    }

    private static ImmutableArray<(string Name, string Value)> Headers(IConfigurationSection webhook, List<string> faults)
    {
        var headers = ImmutableArray.CreateBuilder<(string Name, string Value)>();
        // Checked as they will be used: what .NET would refuse then is a fault now.
        using var probe = new HttpRequestMessage();
        if (webhook["Token"] is { Length: > 0 } token)
            Add("Authorization", $"Bearer {token}", $"{webhook.Path}:Token");
        foreach (var header in webhook.GetSection("Headers").GetChildren())
            Add(header.Key, header.Value ?? "", header.Path);
        return headers.ToImmutable();

        void Add(string name, string value, string path)
        {
            if (headers.Any(header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase)))
                faults.Add($"{path}: the header {name} is given twice");
            else if (value.Any(char.IsControl) || !TryAdd(name, value))
                faults.Add($"{path}: cannot be sent as the header {name}");
            else
                headers.Add((name, value));
        }

        bool TryAdd(string name, string value)
        {
            try
            {
                return probe.Headers.TryAddWithoutValidation(name, value);
            }
            catch (FormatException)
            {
                return false;
            }
        }
    }

    // What an address says besides its host may be secret, so a wrong one is not repeated.
    private static Uri? Address(string text, string path, List<string> faults)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.Host.Length > 0)
            return url;

        faults.Add($"{path}: must be an absolute http or https address");
        return null;
    }

    private static double? Number(IConfigurationSection section, string name, double least, double most, List<string> faults)
    {
        if (section[name] is not { Length: > 0 } text)
            return null;

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;

        faults.Add(string.Create(CultureInfo.InvariantCulture, $"{section.Path}:{name}: {text} is not a number from {least} to {most}"));
        return null;
    }

    private static T? Choice<T>(IConfigurationSection section, string name, List<string> faults)
        where T : struct, Enum
    {
        if (section[name] is not { Length: > 0 } text)
            return null;

        if (!int.TryParse(text, out _) && Enum.TryParse<T>(text, ignoreCase: true, out var choice))
            return choice;

        faults.Add($"{section.Path}:{name}: {text} is none of {string.Join(", ", Enum.GetNames<T>().Select(each => each.ToLowerInvariant()))}");
        return null;
    }

    private static bool? Flag(IConfigurationSection section, string name, List<string> faults)
    {
        if (section[name] is not { Length: > 0 } text)
            return null;

        if (bool.TryParse(text, out var flag))
            return flag;

        faults.Add($"{section.Path}:{name}: {text} is neither true nor false");
        return null;
    }

    private static void Known(IConfigurationSection section, string[] names, List<string> faults)
    {
        foreach (var child in section.GetChildren().Where(child => !names.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
            faults.Add($"{child.Path}: is no setting; known are {string.Join(", ", names)}");
    }
}
