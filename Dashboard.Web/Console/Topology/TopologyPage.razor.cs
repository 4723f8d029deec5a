using System.Text.Json;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Dashboard.Web.Console.Topology;

/// <summary>
/// The mesh as a graph or as a table. The graph is drawn in the browser from the live frames and costs the circuit nothing while it moves;
/// this page holds the view, which is in the address, and the table.
/// </summary>
public sealed partial class TopologyPage : LivePage
{
    private readonly DotNetObjectReference<TopologyPage> _self;
    private TopologyGraph _graph = TopologyGraph.Empty;
    private DateTimeOffset? _moment;
    private TopologyView _view = new();
    private TopologyView? _drawn;
    private (MeshState State, int Count)[] _counts = [];
    private int _total;
    private ElementReference _host;
    private IJSObjectReference? _module;
    private IJSObjectReference? _canvas;
    private IJSObjectReference? _keys;
    private bool _syncing;

    public TopologyPage() => _self = DotNetObjectReference.Create(this);

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private IJSRuntime Js { get; set; } = null!;

    [Inject]
    private TrafficStore Traffic { get; set; } = null!;

    [Inject]
    private Neighbourhoods Neighbourhoods { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "q")]
    private string? Search { get; set; }

    [SupplyParameterFromQuery(Name = "group")]
    private string? Grouping { get; set; }

    [SupplyParameterFromQuery(Name = "show")]
    private string? Filter { get; set; }

    [SupplyParameterFromQuery(Name = "in")]
    private string? Inside { get; set; }

    [SupplyParameterFromQuery(Name = "focus")]
    private string? Focus { get; set; }

    [SupplyParameterFromQuery(Name = "hops")]
    private int? Hops { get; set; }

    [SupplyParameterFromQuery(Name = "expand")]
    private string? Expand { get; set; }

    [SupplyParameterFromQuery(Name = "sel")]
    private string? Selected { get; set; }

    [SupplyParameterFromQuery(Name = "view")]
    private string? Shown { get; set; }

    private bool Table => Shown == "table";

    private bool CanvasShown => !Table && !(_total == 0 && _graph.Ghosts.IsEmpty);

    /// <summary>A mark was opened in the graph.</summary>
    [JSInvokable]
    public void OpenService(string service) => Navigation.NavigateTo(Past.Keep(Links.Service(service)));

    /// <summary>The graph asks for another view: some of its fields.</summary>
    [JSInvokable]
    public void ChangeView(JsonElement part)
    {
        var query = TopologyView.ToQuery(part);
        // What is chosen is in the address, but going back is for views.
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(query), replace: query.Keys.All(name => name == "sel"));
    }

    [JSInvokable]
    public void ToggleTable() => Go("view", Table ? null : "table");

    protected override void OnInitialized()
    {
        base.OnInitialized();
        // The graph draws its traffic from the live frames; only the table needs it here.
        Follow(Traffic.Feed, _ => Table);
    }

    protected override void OnParametersSet()
    {
        _view = TopologyView.From(Search, Grouping, Filter, Inside, Focus, Hops, Expand, Selected);
        base.OnParametersSet();
    }

    protected override void Refresh()
    {
        // What leaves the picture on the way to another moment is no ghost.
        if (_moment != Past.Mesh?.At)
        {
            (_moment, _graph) = (Past.Mesh?.At, TopologyGraph.Empty);
        }

        _graph = _graph.WithRegistry(Mesh, Time.GetUtcNow());
        if (Table)
        {
            _graph = _graph.WithTraffic(Past.Mesh?.Traffic ?? Traffic.Feed.Current, Time.GetUtcNow()).WithNeighbourhoods(Neighbourhoods.Current);
        }

        _total = _graph.Nodes.Count;
        _counts = [.. _graph.Nodes.Values.GroupBy(TopologyRow.StateOf).OrderBy(group => TopologyRow.Urgency(group.Key)).Select(group => (group.Key, group.Count()))];
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // A render that comes while the browser is being asked is caught up with at the end of this loop.
        if (_syncing)
        {
            return;
        }

        _syncing = true;
        try
        {
            _module ??= await Js.InvokeAsync<IJSObjectReference>("import", "/" + Assets["js/topology.js"]);
            _keys ??= await _module.InvokeAsync<IJSObjectReference>("shortcuts", _self);
            while (!Closed.IsCancellationRequested && (CanvasShown ? _canvas is null || _drawn != _view : _canvas is not null))
            {
                await SyncCanvasAsync(_module);
            }
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException or ObjectDisposedException)
        {
            // The browser is gone.
        }
        finally
        {
            _syncing = false;
        }
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        try
        {
            await CloseAsync(_canvas);
            await CloseAsync(_keys);
            if (_module is not null)
            {
                await _module.DisposeAsync();
            }
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException)
        {
            // The browser is gone, and its canvas with it.
        }

        _self.Dispose();
    }

    private static async Task CloseAsync(IJSObjectReference? held)
    {
        if (held is not null)
        {
            await held.InvokeVoidAsync("dispose");
            await held.DisposeAsync();
        }
    }

    private async Task SyncCanvasAsync(IJSObjectReference module)
    {
        var view = _view;
        if (!CanvasShown)
        {
            var canvas = _canvas;
            _canvas = null;
            await CloseAsync(canvas);
        }
        else if (_canvas is null)
        {
            _canvas = await module.InvokeAsync<IJSObjectReference>("mount", Closed, _host, _self, view);
            _drawn = view;
        }
        else
        {
            _drawn = view;
            await _canvas.InvokeVoidAsync("setView", Closed, view);
        }
    }

    private void SearchChanged(string text) => Go("q", text.Length > 0 ? text : null);

    /// <summary>Brings what was found into view: in a mesh that fits it is chosen where it stands, in a large one its surroundings are shown.</summary>
    private void Chosen(TopologyMatch match)
    {
        var service = match.Service.Name;
        var query = new Dictionary<string, object?> { ["q"] = Table ? service : null, ["sel"] = match.Instance is { } instance ? $"i:{service}/{instance.Id}" : $"s:{service}" };
        if (match.Instance is not null && !_view.Expanded.Contains(service))
        {
            query["expand"] = string.Join(',', _view.Expanded.Append(service));
        }

        if (_total > TopologyView.MostDrawn || _view.Inside is not null || _view.Filter != "all" || (_view.Focus is not null && _view.Focus != service))
        {
            (query["focus"], query["in"], query["show"]) = (Table ? null : service, null, null);
        }

        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(query));
    }

    private void LeaveGroup() => Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["in"] = null, ["sel"] = null }));

    // Another grouping has other groups: none of them is open.
    private void GroupingChanged(ChangeEventArgs args) => Navigation.NavigateTo(
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["group"] = args.Value as string is { } name && name != "none" && TopologyView.IsGrouping(name) ? name : null, ["in"] = null, ["sel"] = null }),
        replace: true);

    private void FilterChanged(ChangeEventArgs args) => Go("show", args.Value is true ? "trouble" : null);

    private void HopsChanged(ChangeEventArgs args) => Go("hops", args.Value as string is { } text && text != "1" ? text : null);

    private void Go(string name, string? value) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameter(name, value), replace: true);
}
