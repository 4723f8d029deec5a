namespace Dashboard.Core.Discovery.Xds;

/// <summary>A stream asked for more than one may hold. It is to be ended.</summary>
public sealed class XdsLimitException(string message) : Exception(message);
