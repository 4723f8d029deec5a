namespace Dashboard.Core.Traffic;

/// <summary>Names the calls of one service to another.</summary>
/// <param name="Source">The calling service, or one of <see cref="TrafficSource"/>'s words for a caller that is none.</param>
/// <param name="Target">The service that is called.</param>
public readonly record struct EdgeKey(string Source, string Target)
{
    public override string ToString() => $"{Source} -> {Target}";
}
