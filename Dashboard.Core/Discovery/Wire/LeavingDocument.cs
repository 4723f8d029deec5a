using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>An endpoint that gets no new requests, but may still have some in flight.</summary>
/// <param name="Intent"><c>draining</c>, <c>drained</c> or <c>maintenance</c>.</param>
/// <param name="Forced">Its open connections are to be cut.</param>
public sealed record LeavingDocument(string Id, string Address, int Port, IntentKind Intent, bool Forced);
