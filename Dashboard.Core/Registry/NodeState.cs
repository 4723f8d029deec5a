namespace Dashboard.Core.Registry;

/// <summary>What operators decided about a node.</summary>
/// <param name="Intent">Applies to every instance on it, also to those that register later.</param>
/// <param name="Revision">The revision that last changed it.</param>
public sealed record NodeState(Intent Intent, long Revision);
