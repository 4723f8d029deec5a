using Dashboard.Core.Health;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Replicas.Wire;

/// <summary>An <see cref="OverlayWord"/> as JSON.</summary>
public sealed record OverlayFrame(IReadOnlyList<OverlayRow> Rows, long DurableAt)
{
    public static OverlayFrame From(OverlayWord word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return new([.. word.Transitions.Select(transition => new OverlayRow(transition.Key.Service, transition.Key.Id, transition.State, transition.Epoch))], word.DurableAt);
    }

    public OverlayWord ToWord() => new([.. Rows.Select(row => new OverlaidHealth(new(row.Service, row.Instance), row.State, row.Epoch))], DurableAt);
}

/// <summary>One instance's health.</summary>
/// <param name="Epoch">Of its share, as the sender held it then.</param>
public sealed record OverlayRow(string Service, string Instance, HealthState State, long Epoch = 0);
