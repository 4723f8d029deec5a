using Dashboard.Core.Registry;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Services;

/// <summary>
/// What a row of a service's table reads, as finished markup, made once for all who look at the service. What reads as it did in the row before is the same string: it is neither compared letter by letter nor held twice.
/// It says nothing that its row does not say, so that all are equal.
/// </summary>
public sealed class InstanceText
{
    /// <summary>The cell of an intent that is Active.</summary>
    internal static readonly MarkupString Active = new("<td data-label=\"Intent\" class=\"half\"><span class=\"badge quiet\"><span class=\"badge-word\">Active</span></span></td>");

    private readonly Instance _instance;
    private Said? _evidence;

    /// <param name="before">The same instance's in the rows before these; null = none.</param>
    internal InstanceText(InstanceRow row, InstanceText? before)
    {
        _instance = row.Instance;
        Labels = before?.Labels.Key == _instance.Key ? before.Labels : new(_instance.Key);
        Place = ReferenceEquals(before?._instance.Registration, _instance.Registration) ? before!.Place : new(PlaceOf(_instance.Registration));
        var share = row.Share is { } evidence
            ? StateMarkup.Shares(evidence.Intended, evidence.Actual, row.Approximate || evidence.ServiceRequests == 0 ? null : evidence.NoiseBand, row.Scale).Value
            : "<span class=\"quiet\">gets nothing</span>";
        Share = Same($"<td data-label=\"Share: intended, actual\" class=\"two\">{share}</td>", before?.Share);
        Rate = Same($"<span class=\"rate\">{StateMarkup.Encoded(Format.Rate(row.Traffic?.Figures.Rps))}</span>", before?.Rate);
        Figures = Same(FiguresOf(row), before?.Figures);
        Acts = Same(ActsOf(row), before?.Acts);
        Badge = Same(StateMarkup.Badge(MeshStates.Of(_instance.HealthStatus), detail: _instance.Health?.Output).Value, before?.Badge);
        _evidence = before?._evidence;
    }

    public InstanceLabels Labels { get; }

    /// <summary>Where it listens and runs.</summary>
    public MarkupString Place { get; }

    /// <summary>The mark of its health.</summary>
    public MarkupString Badge { get; }

    /// <summary>The cell of its shares.</summary>
    public MarkupString Share { get; }

    /// <summary>Requests per second.</summary>
    public MarkupString Rate { get; }

    /// <summary>The cells of errors, p95 and what is in flight.</summary>
    public MarkupString Figures { get; }

    /// <summary>The cell of what can be done to it: presses are told to the table, see <see cref="RowActEventArgs"/>.</summary>
    public MarkupString Acts { get; }

    public override bool Equals(object? obj) => obj is InstanceText;

    public override int GetHashCode() => 0;

    /// <summary>How long its health has lasted, and what a probe last said where that matters. Apart from the badge, since it alone counts.</summary>
    /// <param name="age">How long, as the clock says it.</param>
    internal MarkupString Evidence(ViewerClock clock, string age)
    {
        var known = _evidence;

        // Most viewers are in one zone.
        if (known is null || known.Health != _instance.Health || known.Age != age || !known.Zone.Equals(clock.Zone))
            _evidence = known = new(_instance.Health, age, clock.Zone, Same(EvidenceOf(_instance.Health, clock, age), known?.Markup));

        return known.Markup;
    }

    private static string EvidenceOf(HealthState? health, ViewerClock clock, string age)
    {
        if (health is null)
            return "";

        var title = health.Output is null ? "" : $" title=\"{StateMarkup.Encoded(health.Output)}\"";
        var said = health.Status == HealthStatus.Healthy || string.IsNullOrEmpty(health.Output) ? "" : $": {StateMarkup.Encoded(health.Output)}";
        return $" <span class=\"sub evidence\"{title}><time class=\"time\" datetime=\"{RelativeTime.Machine(health.Since)}\" title=\"{StateMarkup.Encoded(RelativeTime.Exact(clock, health.Since))}\">{StateMarkup.Encoded(age)}</time>{said}</span>";
    }

    private static string FiguresOf(InstanceRow row)
    {
        var figures = row.Traffic?.Figures;
        var inFlight = ServiceWords.InFlight(row.IsPast && row.Traffic is { InFlight: 0, InFlightComplete: false } ? null : row.Traffic?.InFlight, row.Traffic?.InFlightComplete);
        return $"<td class=\"r{(figures?.ErrorRate is > 0.01 ? " bad strong" : "")}\" data-label=\"Errors\">{StateMarkup.Encoded(Format.Percent(figures?.ErrorRate))}</td>"
            + $"<td class=\"r\" data-label=\"p95\">{StateMarkup.Encoded(Format.Milliseconds(figures?.P95Ms))}</td>"
            + $"<td class=\"r\" data-label=\"In flight\">{StateMarkup.Encoded(inFlight)}{(row.Traffic?.LongLived is > 0 and var open ? $" <span class=\"sub\">{open} long-lived</span>" : "")}</td>";
    }

    private static string ActsOf(InstanceRow row)
    {
        var acts = row.IsPast ? ""
            : row.Instance.Operator.Intent.IsActive ? Act(RowActEventArgs.Drain, "Drain", $"Drain {row.Id}") + Act(RowActEventArgs.Maintain, "Maintain", $"Maintain {row.Id}")
            : Act(RowActEventArgs.Undrain, "Undrain", $"Undrain {row.Id}")
                + (row.Instance.Operator.Intent.Kind == IntentKind.Maintenance ? Act(RowActEventArgs.Maintain, "Renew", $"Renew maintenance of {row.Id}") : "")
                + (row.Operation is { } operation ? $"<a class=\"btn\" href=\"{StateMarkup.Encoded(Links.Operation(operation.Id))}\" aria-label=\"Follow operation {operation.Id} on {StateMarkup.Encoded(row.Id)}\">Follow</a>" : "");
        return $"<td class=\"tight wide\"><div class=\"row-actions\" data-row=\"{StateMarkup.Encoded(row.Id)}\">{acts}</div></td>";

        static string Act(string name, string word, string label) => $"<button type=\"button\" class=\"btn\" data-act=\"{name}\" aria-label=\"{StateMarkup.Encoded(label)}\">{word}</button>";
    }

    private static string PlaceOf(Registration registration)
    {
        var address = registration.Address.Contains(':', StringComparison.Ordinal) ? $"[{registration.Address}]:{registration.Port}" : $"{registration.Address}:{registration.Port}";
        var place = string.Join(" · ", new[] { registration.Zone, registration.Node, registration.Version }.Where(text => text is not null));
        return $" <span class=\"sub mono\">{StateMarkup.Encoded(address)}</span> <span class=\"sub\">{StateMarkup.Encoded(place)}</span>";
    }

    private static MarkupString Same(string markup, MarkupString? before) => before is { } same && same.Value == markup ? same : new(markup);

    private sealed record Said(HealthState? Health, string Age, TimeZoneInfo Zone, MarkupString Markup);
}
