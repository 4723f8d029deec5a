using System.Collections.Immutable;
using Dashboard.Core.Attention.Webhooks;

namespace Dashboard.Core.Attention;

/// <summary>What is watched, and who is told.</summary>
public sealed class AttentionOptions
{
    private readonly RuleSettings[] _rules;

    /// <param name="rules">What differs from <see cref="RuleBook"/>.</param>
    public AttentionOptions(IReadOnlyDictionary<AlertRule, RuleSettings>? rules = null, ImmutableArray<WebhookOptions>? webhooks = null)
    {
        _rules = [.. Enum.GetValues<AlertRule>().Select(rule => rules is not null && rules.TryGetValue(rule, out var settings) ? settings : RuleBook.Of(rule).Defaults)];
        Webhooks = webhooks ?? [];
    }

    public ImmutableArray<WebhookOptions> Webhooks { get; }

    /// <summary>Where people reach this console, for the links in what webhooks are told; null = where it listens.</summary>
    public Uri? ConsoleUrl { get; init; }

    public RuleSettings Of(AlertRule rule) => _rules[(int)rule];

    public bool IsEnabled(AlertRule rule) => _rules[(int)rule].Enabled;
}
