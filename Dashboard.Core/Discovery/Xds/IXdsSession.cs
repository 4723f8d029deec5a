using System.Collections.Immutable;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>A session as the index sees it.</summary>
internal interface IXdsSession
{
    XdsDialect Dialect { get; }

    /// <summary>Hands over newer resources. Never blocks.</summary>
    /// <param name="changed">Those that differ from the last; null: any may.</param>
    void Offer(XdsView view, ImmutableArray<XdsKey>? changed);

    /// <summary>Tells the table of followers how far the client has come.</summary>
    void Tell();
}
