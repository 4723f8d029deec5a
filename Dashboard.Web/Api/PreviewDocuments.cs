using Dashboard.Core.Operations;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

/// <summary>The answer to <c>dryRun</c>: what the same request would do without it. Nothing was changed.</summary>
/// <param name="Accepted">Whether it would be carried out.</param>
/// <param name="Revision">The revision that was looked at.</param>
/// <param name="Refusal">Why not; null when it would.</param>
/// <param name="ExistingOperation">The operation that is open already and would be returned.</param>
internal sealed record PreviewDocument(
    bool DryRun,
    bool Accepted,
    string Action,
    string Target,
    long Revision,
    string Summary,
    bool Changes,
    bool Overridden,
    RefusalDocument? Refusal,
    long? ExistingOperation,
    IReadOnlyList<long> Replaces,
    IReadOnlyList<string> Followers,
    IReadOnlyList<ServiceImpact> Services,
    IReadOnlyList<Collision> Collisions,
    int WaveCount,
    IReadOnlyList<WaveDocument> Waves)
{
    public static PreviewDocument From(OperationPreview preview) => new(
        true,
        preview.Refusal is null,
        preview.Action,
        preview.Target,
        preview.Revision,
        preview.Summary,
        preview.Refusal is null && !preview.NoChange,
        preview.Overridden,
        preview.Refusal is { } refusal ? new(refusal.Kind, refusal.Message, refusal.Facts) : null,
        preview.ExistingOperation,
        preview.Replaces,
        preview.Followers,
        preview.Services,
        preview.Collisions,
        preview.WaveCount,
        [.. preview.Waves.Select(wave => new WaveDocument(
            wave.Number,
            [.. wave.Instances.Select(InstanceReference.From)],
            wave.Percent,
            wave.Node,
            wave.Refusal,
            wave.Services,
            wave.MostLoaded is { } most ? InstanceReference.From(most) : null,
            wave.Growth))]);
}

/// <summary>One wave of a plan as it would be from the state as it is now.</summary>
/// <param name="Refusal">Why the guard would pause the plan here; null: it would not.</param>
/// <param name="MostLoaded">Who would carry the most more than before the plan, and by how much (0.18 = 18 %).</param>
internal sealed record WaveDocument(
    int Number,
    IReadOnlyList<InstanceReference> Instances,
    int? Percent,
    string? Node,
    string? Refusal,
    IReadOnlyList<WaveService> Services,
    InstanceReference? MostLoaded,
    double? Growth);

internal sealed record RefusalDocument(RefusalKind Kind, string Message, IReadOnlyDictionary<string, object?> Facts);
