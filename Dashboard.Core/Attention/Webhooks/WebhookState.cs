using System.Collections.Immutable;
using Dashboard.Core.Feeds;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>How telling a webhook goes. Holds nothing secret.</summary>
/// <param name="Waiting">Alerts that it has not been told of yet.</param>
/// <param name="LastFailure">What the last attempt met, in words; null = it succeeded, or there was none.</param>
/// <param name="FailingSince">Since when attempts fail; null = they do not.</param>
/// <param name="NextAttempt">When the next one is due; null = nothing waits.</param>
/// <param name="IsOurs">This console tells it; of several consoles one does.</param>
public sealed record WebhookState(
    string Name,
    string Address,
    WebhookFormat Format,
    int Waiting = 0,
    long Delivered = 0,
    DateTimeOffset? LastSuccess = null,
    string? LastFailure = null,
    DateTimeOffset? FailingSince = null,
    DateTimeOffset? NextAttempt = null,
    bool IsOurs = false);

/// <summary>Every webhook, in the order of the configuration. Immutable.</summary>
public sealed record WebhookStates(ImmutableArray<WebhookState> States)
{
    public static readonly WebhookStates Empty = new([]);
}

/// <summary>Where pages follow how telling webhooks goes.</summary>
public sealed class WebhookBoard
{
    private readonly Lock _gate = new();

    public WebhookBoard(AttentionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var states = new WebhookStates([.. options.Webhooks.Select(webhook => new WebhookState(webhook.Name, webhook.Address, webhook.Format))]);
        Feed = new(states);
    }

    public Feed<WebhookStates, WebhookStates> Feed { get; }

    internal void Set(int index, Func<WebhookState, WebhookState> change)
    {
        lock (_gate)
        {
            var before = Feed.Current.States;
            var next = change(before[index]);
            if (next != before[index])
            {
                var states = new WebhookStates(before.SetItem(index, next));
                Feed.Publish(states, states);
            }
        }
    }
}
