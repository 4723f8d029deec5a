using Dashboard.Core.Registry;
using Dashboard.Web.Console.Shell;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Settings;

/// <summary>What the console runs with: the consoles beside it, where it listens, where the registry is stored, the defaults. Nothing on it can be pressed.</summary>
public sealed partial class SettingsPage : AvailabilityView
{
    private static readonly ServiceSettings Fresh = ServiceSettings.Default;

    private ConsoleFacts _facts = null!;
    private Actor? _actor;
    private int _unheard;
    private int _strangers;
    private DateTimeOffset? _offlineSince;
    private long _revision;
    private Guid _generation;
    private int _services;
    private int _instances;

    [Inject]
    private IConsoleFacts Facts { get; set; } = null!;

    [Inject]
    private Viewer Viewer { get; set; } = null!;

    // The revision counts every change of the whole mesh: each second is often enough.
    protected override TimeSpan Pace => TimeSpan.FromSeconds(1);

    protected override object Drawn => (_facts, _offlineSince, _revision, _generation, _services, _instances);

    private string Headline =>
        !_facts.ReachesStore ? "This console cannot renew its leases"
        : _unheard > 0 ? $"{_unheard} of {Format.Plural(_facts.Consoles.Length, "console")} not heard"
        : _strangers > 0 ? "Consoles with another admin token"
        : Format.Plural(Math.Max(_facts.Consoles.Length, 1), "console");

    protected override async Task OnInitializedAsync() => _actor = await Viewer.FindActorAsync();

    protected override void Refresh()
    {
        _facts = Facts.Read();
        _unheard = _facts.Consoles.Count(member => !member.Heard);
        _strangers = _facts.Consoles.Count(member => member.SameToken == false);
        _offlineSince = Registry.Availability.UnavailableSince;
        var snapshot = Registry.Current;
        (_revision, _generation, _services, _instances) = (snapshot.Revision, snapshot.Generation, snapshot.Services.Count, snapshot.InstanceCount);
    }

    protected override bool HasChanged() => base.HasChanged() || !_facts.Equals(Facts.Read());

    private static string Kept(TimeSpan span) => span == TimeSpan.Zero ? "for ever" : $"for {Format.Plural((long)span.TotalDays, "day")}";
}
