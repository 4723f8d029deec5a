namespace Dashboard.Core.Health;

/// <summary>A probe that is to be started now.</summary>
/// <param name="Epoch">The check's epoch when it was ordered.</param>
/// <param name="Lateness">How long after its due time.</param>
internal sealed record ProbeOrder(InstanceCheck Check, int Epoch, ProbeTarget Target, TimeSpan Lateness);
