using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Services;

/// <summary>Every service with its state. Search and filter are in the address.</summary>
public sealed partial class ServicesPage : FilteredPage
{
    private ImmutableArray<ServiceRow> _rows = [];
    private (MeshState State, string Word, int Count)[] _counts = [];
    private int _total;

    [Inject]
    private TrafficStore Traffic { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "q")]
    private string? Search { get; set; }

    [SupplyParameterFromQuery(Name = "attention")]
    private bool Attention { get; set; }

    protected override void OnInitialized()
    {
        base.OnInitialized();
        Follow(Traffic.Feed);
    }

    protected override void Refresh()
    {
        var frame = Past.TrafficOf(Traffic);
        var all = Mesh.Services.Values.Select(service => ServiceRow.Of(service, frame?.FiguresOf(service.Name))).OrderBy(row => row.Name, StringComparer.Ordinal).ToArray();
        _total = all.Length;
        _counts = [.. all.GroupBy(row => (row.State, row.Word)).OrderBy(group => Urgency(group.Key.State)).Select(group => (group.Key.State, group.Key.Word, group.Count()))];
        _rows = [.. all.Where(row => string.IsNullOrWhiteSpace(Search) || row.Name.Contains(Search.Trim(), StringComparison.OrdinalIgnoreCase))
            .Where(row => !Attention || row.NeedsAttention)];
    }

    private static int Urgency(MeshState state) => state switch
    {
        MeshState.Panic => 0,
        MeshState.Unhealthy => 1,
        MeshState.Degraded => 2,
        MeshState.Unknown => 3,
        _ => 4,
    };

    private void SearchChanged(string text) => Filter("q", text);

    private void AttentionChanged(ChangeEventArgs args) => Filter("attention", args.Value is true ? "true" : null);

    private void ShowAll() => Navigation.NavigateTo("/services", replace: true);
}
