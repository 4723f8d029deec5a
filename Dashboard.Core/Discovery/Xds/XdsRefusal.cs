namespace Dashboard.Core.Discovery.Xds;

/// <summary>What a client refused.</summary>
/// <param name="Revision">The revision whose resources it refused.</param>
/// <param name="Reason">Which, and what the client said.</param>
public sealed record XdsRefusal(long Revision, string Reason);
