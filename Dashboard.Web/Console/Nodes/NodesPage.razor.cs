using System.Collections.Immutable;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Nodes;

/// <summary>Hosts by zone, and draining a whole one.</summary>
public sealed partial class NodesPage : FilteredPage
{
    private (string Name, ImmutableArray<NodeRow> Rows)[] _zones = [];
    private (MeshState State, int Count)[] _out = [];
    private int _total;

    [SupplyParameterFromQuery(Name = "q")]
    private string? Search { get; set; }

    /// <summary>The host whose instances are open.</summary>
    [SupplyParameterFromQuery(Name = "node")]
    private string? Chosen { get; set; }

    [Inject]
    private TrafficStore Traffic { get; set; } = null!;

    [Inject]
    private OperationTracker Operations { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Traffic.Feed);
        Follow(Operations.Feed, update => update.Changed.Any(view => view.Operation.Node is not null));
    }

    protected override void Refresh()
    {
        var snapshot = Mesh;
        var frame = Past.TrafficOf(Traffic);
        var all = snapshot.Nodes.Values.Select(node => NodeRow.Of(node, snapshot, frame, Past.IsPast ? OperationBoard.Empty : Operations.Feed.Current)).ToArray();
        _total = all.Length;
        _out = [.. all.Where(row => !row.Intent.IsActive).GroupBy(row => row.Intent.Kind).Select(group => (MeshStates.Of(group.Key) ?? MeshState.Drained, group.Count()))];
        _zones = [.. all.Where(row => string.IsNullOrWhiteSpace(Search) || row.Name.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase))
            .GroupBy(row => row.Zone)
            .OrderBy(zone => zone.Key.Length == 0 ? 1 : 0).ThenBy(zone => zone.Key, StringComparer.Ordinal)
            .Select(zone => (zone.Key, zone.OrderBy(row => row.Name, StringComparer.Ordinal).ToImmutableArray()))];
    }

    private Task PlanAsync(string node) => Dialogs.PlanAsync(new PlanSelection { Node = node });

    private static string ZoneName(string zone) => zone.Length == 0 ? "No zone" : zone;

    private void SearchChanged(string text) => Filter("q", text);
}
