using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>A session as the index sees it.</summary>
internal interface IXdsSession
{
    XdsDialect Dialect { get; }

    /// <summary>The client's node id.</summary>
    string Id { get; }

    /// <summary>The services whose instances it follows.</summary>
    ImmutableHashSet<string> Services { get; }

    /// <summary>How far it has come; null: it follows no service.</summary>
    XdsTaken? Taken { get; }

    /// <summary>Hands over newer resources. Never blocks.</summary>
    /// <param name="changed">Those that differ from the last; null: any may.</param>
    void Offer(XdsView view, ImmutableArray<XdsKey>? changed);

    /// <summary>Tells the table of followers how far the client has come.</summary>
    void Tell();
}
