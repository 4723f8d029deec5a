namespace Dashboard.Core.Discovery.Xds;

/// <summary>Who is at the other end of a stream.</summary>
/// <param name="Id">Its node's id: the name that it follows and reports under.</param>
/// <param name="Address">Where it calls from.</param>
public sealed record XdsPeer(string Id, string? Address, XdsDialect Dialect);
