using System.Collections.Immutable;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Dashboard.Web.Http;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Attention;

/// <summary>What needs attention, who looks after it, and who is told. Filters are in the address.</summary>
public sealed partial class AlertsPage : FilteredPage
{
    private const int RowsShown = 100;

    /// <summary>A look is due once a second: so many missed are no accident.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(10);

    private AlertBoard _board = AlertBoard.Empty;
    private ImmutableArray<(AlertGroup Group, ImmutableArray<Alert> Alerts, int More)> _groups = [];
    private ImmutableArray<(AlertGroup Group, int Count)> _quiet = [];
    private ImmutableArray<(AlertMark Silence, int Covers)> _silences = [];
    private ImmutableArray<WebhookState> _webhooks = [];
    private AlertGroup? _group;
    private AlertSeverity? _severity;
    private AlertRule? _rule;
    private bool _looked;
    private bool _late;

    [SupplyParameterFromQuery(Name = "q")]
    private string? Search { get; set; }

    [SupplyParameterFromQuery(Name = "show")]
    private string? Show { get; set; }

    [SupplyParameterFromQuery(Name = "severity")]
    private string? Severity { get; set; }

    [SupplyParameterFromQuery(Name = "rule")]
    private string? Rule { get; set; }

    /// <summary>The id of the one that a link from elsewhere names.</summary>
    [SupplyParameterFromQuery(Name = "alert")]
    private string? Chosen { get; set; }

    [Inject]
    private AttentionBoard Board { get; set; } = null!;

    [Inject]
    private WebhookBoard Webhooks { get; set; } = null!;

    [Inject]
    private AttentionOptions Options { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    [Inject]
    private ViewerClock Clock { get; set; } = null!;

    private bool Filtered => !string.IsNullOrWhiteSpace(Search) || _group is not null || _severity is not null || _rule is not null;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Board.Feed);
        Follow(Webhooks.Feed);
        // That nobody looks any more is told by no feed.
        Clock.Tick += Check;
    }

    protected override ValueTask DisposeAsyncCore()
    {
        Clock.Tick -= Check;
        return ValueTask.CompletedTask;
    }

    protected override bool Concerns(RegistryUpdate update) => !ReferenceEquals(update.Before.AlertMarks, update.After.AlertMarks);

    protected override void Refresh()
    {
        _group = Choices<AlertGroup>.TryParse(Show ?? "", out var group) ? group : null;
        _severity = Choices<AlertSeverity>.TryParse(Severity ?? "", out var severity) ? severity : null;
        _rule = Choices<AlertRule>.TryParse(Rule ?? "", out var rule) ? rule : null;
        _board = Board.Feed.Current;
        _webhooks = Webhooks.Feed.Current.States;
        (_looked, _late) = (Board.LookedAt is not null, IsLate());
        _quiet = [.. _board.Alerts.GroupBy(AlertWords.GroupOf).Where(each => each.Key is AlertGroup.Acknowledged or AlertGroup.Silenced or AlertGroup.Pending).OrderBy(each => each.Key).Select(each => (each.Key, each.Count()))];
        _groups = [.. _board.Alerts.Where(Matches).GroupBy(AlertWords.GroupOf).OrderBy(each => each.Key).Select(each =>
            (each.Key, Rows(each), Math.Max(0, each.Count() - RowsShown)))];
        _silences = [.. Registry.Current.AlertMarks.Values
            .Where(mark => mark.Kind == AlertMarkKind.Silence && mark.Until > Time.GetUtcNow())
            .OrderBy(mark => mark.Until)
            .Select(mark => (mark, _board.Alerts.Count(alert => alert.State == AlertState.Firing && Alert.Covers(mark.Match, alert.Finding))))];
    }

    private ImmutableArray<Alert> Rows(IEnumerable<Alert> alerts) => [.. alerts.OrderBy(alert => alert.Id == Chosen ? 0 : 1).Take(RowsShown)];

    private bool Matches(Alert alert) =>
        (_group is null || AlertWords.GroupOf(alert) == _group)
        && (_severity is null || alert.Severity == _severity)
        && (_rule is null || alert.Key.Rule == _rule)
        && (string.IsNullOrWhiteSpace(Search) || new[] { alert.Finding.Summary, alert.Finding.Evidence, alert.Finding.Node, alert.Key.Target }.Any(text => text?.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase) == true));

    private bool IsLate() => Board.LookedAt is { } at && Time.GetUtcNow() - at > Late;

    private void Check()
    {
        if (_looked != Board.LookedAt is not null || _late != IsLate())
            Signal();
    }

    private string Link(string name, string value) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
    {
        ["show"] = name == "show" && Show != value ? value : null,
        ["severity"] = name == "severity" && Severity != value ? value : null,
        ["alert"] = null,
    });
}
