using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Acts;
using Dashboard.Web.Console.Live;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Activity;

/// <summary>The change log as a timeline. Every filter is in the address; the newest page follows the registry.</summary>
public sealed partial class ActivityPage : LivePage
{
    private const int PageSize = 50;

    // A busy registry commits thousands of changes a second; the timeline is read again at most this often.
    private static readonly TimeSpan MinimumBetweenReads = TimeSpan.FromSeconds(1);

    private ImmutableArray<RegistryChange>? _changes;
    private (DateTime Date, string Name, RegistryChange[] Changes)[] _days = [];
    private Dictionary<long, Operation> _outcomes = [];
    private Dictionary<long, Plan> _plans = [];
    private ChangeQuery? _query;
    private long? _revision;
    private string? _fault;
    private bool _reading;
    private bool _readAgain;
    private bool _waiting;
    private long _lastRead;

    [Inject]
    private IChangeHistory History { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private ActDialogs Dialogs { get; set; } = null!;

    [Inject]
    private ViewerClock Clock { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "service")]
    private string? Service { get; set; }

    [SupplyParameterFromQuery(Name = "instance")]
    private string? Instance { get; set; }

    [SupplyParameterFromQuery(Name = "node")]
    private string? Node { get; set; }

    [SupplyParameterFromQuery(Name = "by")]
    private string? By { get; set; }

    [SupplyParameterFromQuery(Name = "action")]
    private string? Action { get; set; }

    /// <summary>Also what services and the console itself did.</summary>
    [SupplyParameterFromQuery(Name = "all")]
    private bool All { get; set; }

    /// <summary>Only older revisions than this one: paging.</summary>
    [SupplyParameterFromQuery(Name = "before")]
    private long? Before { get; set; }

    /// <summary>One change alone.</summary>
    [SupplyParameterFromQuery(Name = "revision")]
    private long? Revision { get; set; }

    private bool Filtered => Service is not null || Instance is not null || Node is not null || By is not null || Action is not null || Revision is not null || All;

    private string NewestLink => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["before"] = null, ["revision"] = null });

    private string ExportLink(string format)
    {
        var filters = new Dictionary<string, string?>
        {
            ["format"] = format,
            ["service"] = _query?.Service,
            ["instance"] = _query?.Instance,
            ["node"] = _query?.Node,
            ["actor"] = _query?.Actor,
            ["action"] = _query?.Action,
            ["operators"] = All ? null : "true",
        };
        return "/api/v1/audit/export?" + string.Join('&', filters.Where(filter => filter.Value is not null).Select(filter => $"{filter.Key}={Uri.EscapeDataString(filter.Value!)}"));
    }

    private string OlderLink => Navigation.GetUriWithQueryParameter("before", _changes!.Value[^1].Revision);

    protected override async Task OnParametersSetAsync()
    {
        var query = new ChangeQuery
        {
            Service = Text(Service),
            Instance = Text(Instance),
            Node = Text(Node),
            Actor = Text(By),
            Action = Text(Action),
            OperatorsOnly = !All,
            Before = Before,
            Limit = PageSize,
        };
        if (query != _query || Revision != _revision)
        {
            (_query, _revision) = (query, Revision);
            await ReadAsync();
        }

        static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }

    protected override bool Concerns(RegistryUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (Before is null && Revision is null && update.Changes.Any(change => All || change.Actor.Kind == ActorKind.Operator || change.Changes.OfType<OperationChange>().Any(operation => _outcomes.ContainsKey(operation.Id)) || change.Changes.OfType<PlanChange>().Any(plan => _plans.ContainsKey(plan.Id))))
        {
            _ = InvokeAsync(FollowAsync);
        }

        return false;
    }

    protected override void Refresh()
    {
        var today = Clock.Local(Clock.Now).Date;
        _days = [.. (_changes ?? []).GroupBy(change => Clock.Local(change.At).Date)
            .Select(day => (day.Key, DayName(day.Key, today), day.ToArray()))];
    }

    private static string DayName(DateTime day, DateTime today) =>
        day == today ? "Today"
        : day == today.AddDays(-1) ? "Yesterday"
        : day.ToString(day.Year == today.Year ? "dddd d MMMM" : "d MMMM yyyy", CultureInfo.InvariantCulture);

    private void Filter(string name, object? value) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
    {
        [name] = value as string is { Length: > 0 } text ? text : null,
        ["before"] = null,
        ["revision"] = null,
    }));

    private async Task FollowAsync()
    {
        if (_waiting)
        {
            return;
        }

        _waiting = true;
        try
        {
            var since = Time.GetElapsedTime(_lastRead);
            if (since < MinimumBetweenReads)
            {
                await Task.Delay(MinimumBetweenReads - since, Time, Closed);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
        finally
        {
            _waiting = false;
        }

        await ReadAsync();
    }

    private async Task ReadAsync()
    {
        if (_reading)
        {
            _readAgain = true;
            return;
        }

        _reading = true;
        try
        {
            do
            {
                _readAgain = false;
                var (query, revision) = (_query!, _revision);
                ImmutableArray<RegistryChange> found = revision is { } only
                    ? await History.FindAsync(only, Closed) is { } change ? [change] : []
                    : await History.QueryAsync(query, Closed);
                var operations = await History.FindOperationsAsync([.. found.Select(change => change.Operation).OfType<long>().Distinct()], Closed);
                var plans = await History.FindPlansAsync([.. found.Where(change => change.Action == "plan.start").SelectMany(change => change.Changes).OfType<PlanChange>().Select(plan => plan.Id)], Closed);
                if (query != _query || revision != _revision)
                {
                    _readAgain = true;
                    continue;
                }

                _outcomes = operations.ToDictionary(operation => operation.Id);
                _plans = plans.ToDictionary(plan => plan.Id);
                (_changes, _fault, _lastRead) = (found, null, Time.GetTimestamp());
                Refresh();
                StateHasChanged();
            }
            while (_readAgain);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception fault)
        {
            _fault = Unreadable(fault);
            Again(ReadAsync);
            StateHasChanged();
        }
        finally
        {
            _reading = false;
        }
    }
}
