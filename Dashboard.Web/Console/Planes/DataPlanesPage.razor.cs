using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Dashboard.Web.Http;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Planes;

/// <summary>Who follows the registry, how far each has come, what it refused. Filters are in the address.</summary>
public sealed partial class DataPlanesPage : FilteredPage
{
    private const int RowsShown = 200;
    private const int ServicesShown = 60;

    private ImmutableArray<FollowerStanding> _rows = [];
    private (FollowerState State, int Count)[] _counts = [];
    private FollowerKind? _kind;
    private FollowerState? _state;
    private long _revision;
    private int _total;
    private int _matching;

    [SupplyParameterFromQuery(Name = "q")]
    private string? Search { get; set; }

    [SupplyParameterFromQuery(Name = "service")]
    private string? Service { get; set; }

    [SupplyParameterFromQuery(Name = "kind")]
    private string? Kind { get; set; }

    [SupplyParameterFromQuery(Name = "state")]
    private string? State { get; set; }

    /// <summary>The one whose details are open.</summary>
    [SupplyParameterFromQuery(Name = "plane")]
    private string? Chosen { get; set; }

    [Inject]
    private FollowerBoard Board { get; set; } = null!;

    [Inject]
    private OperationTracker Operations { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    [Inject]
    private ViewerClock Clock { get; set; } = null!;

    private bool Filtered => !string.IsNullOrWhiteSpace(Search) || !string.IsNullOrWhiteSpace(Service) || _kind is not null || _state is not null;

    // Followers come and go without a feed: they are looked at each second.
    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Operations.Feed);
        Clock.Tick += Signal;
    }

    protected override ValueTask DisposeAsyncCore()
    {
        Clock.Tick -= Signal;
        return ValueTask.CompletedTask;
    }

    protected override void Refresh()
    {
        _kind = Choices<FollowerKind>.TryParse(Kind ?? "", out var kind) ? kind : null;
        _state = Choices<FollowerState>.TryParse(State ?? "", out var state) ? state : null;
        _revision = Registry.Current.Revision;
        var all = Board.Current;
        _total = all.Length;
        _counts = [.. all.GroupBy(row => row.State).OrderByDescending(group => Urgency(group.Key)).Select(group => (group.Key, group.Count()))];
        var matching = all.Where(Matches).ToArray();
        _matching = matching.Length;
        _rows = [.. matching.OrderBy(row => row.NeedsAttention ? -Urgency(row.State) : 1).ThenBy(row => row.Follower?.Kind ?? FollowerKind.Gateway).ThenBy(row => row.Id, StringComparer.Ordinal).Take(RowsShown)];
        if (Chosen is { Length: > 0 } && _rows.All(row => row.Id != Chosen) && matching.FirstOrDefault(row => row.Id == Chosen) is { } chosen)
            _rows = [chosen, .. _rows.Take(RowsShown - 1)];
    }

    private bool Matches(FollowerStanding row) =>
        (string.IsNullOrWhiteSpace(Search) || row.Id.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase) || row.Follower?.Address?.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase) == true)
        && (string.IsNullOrWhiteSpace(Service) || row.Follower?.Follows(Service.Trim()) == true)
        && (_kind is null || row.Follower?.Kind == _kind)
        && (_state is null || row.State == _state);

    private static int Urgency(FollowerState state) => state switch
    {
        FollowerState.Refused => 5,
        FollowerState.Behind => 4,
        FollowerState.Silent => 3,
        FollowerState.CatchingUp => 2,
        FollowerState.Current => 1,
        _ => 0,
    };

    private string ChooseLink(string id) => Navigation.GetUriWithQueryParameter("plane", id == Chosen ? null : id);

    private string StateLink(FollowerState state) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["state"] = state == _state ? null : PlaneWords.Value(state), ["plane"] = null });
}
