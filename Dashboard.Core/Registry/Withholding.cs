namespace Dashboard.Core.Registry;

/// <summary>
/// The registry began anew and empty while followers held something: they keep what they hold, and are told nothing of the new one, until an operator confirms.
/// </summary>
/// <param name="Held">The generation that followers hold.</param>
/// <param name="Services">How many services it had.</param>
/// <param name="Since">When that was noticed.</param>
/// <param name="ConfirmedAt">When an operator confirmed that the new registry counts; null = followers still wait.</param>
public sealed record Withholding(Guid Held, int Services, DateTimeOffset Since, DateTimeOffset? ConfirmedAt = null)
{
    /// <summary>Followers are still told nothing of the new registry.</summary>
    public bool IsOpen => ConfirmedAt is null;
}
