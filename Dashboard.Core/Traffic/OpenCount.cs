namespace Dashboard.Core.Traffic;

/// <summary>What all reporters have open at an instance.</summary>
/// <param name="Requests">Exchanges in flight, long-lived ones included.</param>
/// <param name="LongLived">Of them, those that are long-lived.</param>
/// <param name="Silent">A reporter that had something open has fallen silent: the counts are a lower bound.</param>
internal readonly record struct OpenCount(long Requests, long LongLived, bool Silent);
