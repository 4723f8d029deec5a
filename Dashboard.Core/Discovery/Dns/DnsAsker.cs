namespace Dashboard.Core.Discovery.Dns;

/// <summary>Who asks, as far as the answer depends on it.</summary>
/// <param name="Stream">Over TCP: the whole answer fits, up to 65,535 bytes.</param>
/// <param name="Client">A number for the client's address, the same for all its questions.</param>
/// <param name="Ticket">Counts the listener's questions: turns the records round.</param>
public readonly record struct DnsAsker(bool Stream, ulong Client, ulong Ticket);
