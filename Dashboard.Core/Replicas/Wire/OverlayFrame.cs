using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Replicas.Wire;

/// <summary>An <see cref="OverlayWord"/> as JSON.</summary>
public sealed record OverlayFrame(IReadOnlyList<OverlayRow> Rows, long DurableAt)
{
    public static OverlayFrame From(OverlayWord word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return new([.. word.Transitions.Select(transition => new OverlayRow(transition.Key.Service, transition.Key.Id, transition.State))], word.DurableAt);
    }

    public OverlayWord ToWord() => new([.. Rows.Select(row => new HealthTransition(new(row.Service, row.Instance), row.State))], DurableAt);
}

/// <summary>One instance's health.</summary>
public sealed record OverlayRow(string Service, string Instance, HealthState State);
