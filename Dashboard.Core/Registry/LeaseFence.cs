namespace Dashboard.Core.Registry;

/// <summary>Under which lease a command was sent. The store refuses the command once the share has had another owner since.</summary>
/// <param name="Shard">The share, 0-63.</param>
/// <param name="Epoch">The lease's epoch as its owner knows it.</param>
public readonly record struct LeaseFence(int Shard, long Epoch);
