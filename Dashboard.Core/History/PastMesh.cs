using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.History;

/// <summary>How finely a moment's traffic is known.</summary>
public enum TrafficGrain
{
    /// <summary>Nobody wrote it down: it is unknown, and not zero.</summary>
    Unknown,

    /// <summary>By the second, from memory.</summary>
    Second,

    /// <summary>The minute that the moment lies in, from its roll-up.</summary>
    Minute,
}

/// <summary>The mesh as it was at one moment: registry, health, weights and traffic together. Immutable.</summary>
public sealed class PastMesh
{
    private readonly Func<string, TimeSpan, TrafficWindow> _window;

    internal PastMesh(DateTimeOffset at, RegistrySnapshot registry, TrafficFrame traffic, TrafficGrain grain, Func<string, TimeSpan, TrafficWindow> window)
    {
        At = at;
        Registry = registry;
        Traffic = traffic;
        Grain = grain;
        _window = window;
    }

    /// <summary>The moment, to the second.</summary>
    public DateTimeOffset At { get; }

    public RegistrySnapshot Registry { get; }

    /// <summary>Its <see cref="TrafficFrame.Sequence"/> is 0 where traffic is unknown. What was open is known of the ends of minutes alone.</summary>
    public TrafficFrame Traffic { get; }

    public TrafficGrain Grain { get; }

    /// <summary>A service's traffic up to the moment; where the minute alone is known, that minute's.</summary>
    public TrafficWindow Window(string service, TimeSpan window) => _window(service, window);
}

/// <summary>Why a moment cannot be shown.</summary>
public enum PastFault
{
    /// <summary>It has not come yet.</summary>
    Future,

    /// <summary>It lies before what is kept, or before the registry began.</summary>
    NotKnown,

    /// <summary>The registry was restored since: what the log tells of then is another course of things.</summary>
    OtherGeneration,

    /// <summary>Too much has changed since to be taken back in time.</summary>
    TooMuchSince,
}

/// <summary>A moment of the past, or why there is none.</summary>
/// <param name="Problem">A sentence for people; null when there is a mesh.</param>
/// <param name="Oldest">The first moment that can be shown; null = none, or not asked for.</param>
public sealed record PastAnswer(PastMesh? Mesh, PastFault? Fault, string? Problem, DateTimeOffset? Oldest);
