namespace Dashboard.Core.Discovery.Xds;

/// <summary>Names one resource.</summary>
public readonly record struct XdsKey(XdsType Type, string Name);
