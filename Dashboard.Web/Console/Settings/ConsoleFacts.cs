using System.Collections.Immutable;

namespace Dashboard.Web.Console.Settings;

/// <summary>Tells what a console is run with. Whoever composes the program knows all of it; the pages know nobody beside them.</summary>
public interface IConsoleFacts
{
    /// <summary>As it is at this moment. Never waits.</summary>
    ConsoleFacts Read();
}

/// <summary>What a console was started with, and which others are on its registry. Holds no secret.</summary>
public sealed record ConsoleFacts
{
    public required string Version { get; init; }

    /// <summary>Ordered by their start; empty while the first lease is awaited.</summary>
    public required ImmutableArray<ConsoleMember> Consoles { get; init; }

    /// <summary>Into how many parts the health checks are divided.</summary>
    public required int Shares { get; init; }

    /// <summary>False while this console cannot renew its leases: the consoles are then as they last were known.</summary>
    public required bool ReachesStore { get; init; }

    public required ImmutableArray<Listener> Listeners { get; init; }

    /// <summary>Where the registry is stored, without user and password.</summary>
    public required string Store { get; init; }

    /// <summary>How long changes are kept at least; zero = for ever.</summary>
    public required TimeSpan KeepsChanges { get; init; }

    /// <summary>How long traffic's minutes are kept at least; zero = for ever.</summary>
    public required TimeSpan KeepsTraffic { get; init; }

    /// <summary>The file that holds the generated admin token; null = the token was configured.</summary>
    public string? TokenFile { get; init; }

    public bool Equals(ConsoleFacts? other) =>
        other is not null && Version == other.Version && Consoles.AsSpan().SequenceEqual(other.Consoles.AsSpan()) && Shares == other.Shares && ReachesStore == other.ReachesStore
        && Listeners.AsSpan().SequenceEqual(other.Listeners.AsSpan()) && Store == other.Store && KeepsChanges == other.KeepsChanges && KeepsTraffic == other.KeepsTraffic && TokenFile == other.TokenFile;

    public override int GetHashCode() => HashCode.Combine(Version, Consoles.Length, Shares, ReachesStore, Store);
}

/// <summary>A console on the registry.</summary>
/// <param name="Heard">It tells what only it hears; false: what its data planes do is unknown.</param>
/// <param name="SameToken">The same admin token signs in there; null = unknown, since it is not heard.</param>
/// <param name="Shares">How many parts of the health checks it holds.</param>
public sealed record ConsoleMember(Guid Id, string Url, bool IsSelf, bool Heard, bool? SameToken, DateTimeOffset Started, int Shares);

/// <summary>Something that this console listens for.</summary>
/// <param name="Addresses">Empty: switched off.</param>
/// <param name="Setting">The configuration key that moves it.</param>
public sealed record Listener(string Name, ImmutableArray<string> Addresses, string Setting, string Detail = "")
{
    public bool Equals(Listener? other) => other is not null && Name == other.Name && Setting == other.Setting && Detail == other.Detail && Addresses.AsSpan().SequenceEqual(other.Addresses.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Name, Setting, Detail);
}
