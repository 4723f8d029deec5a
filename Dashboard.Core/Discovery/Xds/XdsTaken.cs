using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>How far a client has come with what it follows.</summary>
/// <param name="Lowest">The revision up to which it has taken everything; 0 = it has taken nothing yet.</param>
/// <param name="ByService">The revision taken by service, where some of it was refused; null: all are at <paramref name="Lowest"/>.</param>
internal sealed record XdsTaken(Guid Generation, long Lowest, ImmutableDictionary<string, long>? ByService)
{
    public static readonly XdsTaken Nothing = new(Guid.Empty, 0, null);

    /// <summary>What both have taken; null if they are not of one generation, so that nothing can be said of both.</summary>
    public XdsTaken? And(XdsTaken other)
    {
        if (Generation != other.Generation)
            return null;

        var lowest = Math.Min(Lowest, other.Lowest);
        if (ByService is null && other.ByService is null)
            return Lowest <= other.Lowest ? this : other;

        // A service that one of them does not follow is as far as the other is with it.
        var services = (ByService?.Keys ?? []).Concat(other.ByService?.Keys ?? []).Distinct(StringComparer.Ordinal);
        return new(Generation, lowest, services.ToImmutableDictionary(service => service, service => Math.Min(Of(service), other.Of(service)), StringComparer.Ordinal));
    }

    private long Of(string service) => ByService is null ? Lowest : ByService.GetValueOrDefault(service, long.MaxValue);
}
