namespace Dashboard.Core.Discovery.Dns;

/// <summary>What was answered.</summary>
/// <param name="Length">Bytes of the answer; 0 = none is sent.</param>
/// <param name="Code">Its response code.</param>
/// <param name="Truncated">It did not fit and says so.</param>
/// <param name="Service">The service that was asked for; null when the name is of none.</param>
public readonly record struct DnsReply(int Length, int Code, bool Truncated, string? Service);
