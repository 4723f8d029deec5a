namespace Dashboard.Core.Registry;

/// <summary>A service as it is stored.</summary>
/// <param name="Settings">What an operator set.</param>
/// <param name="CreatedRevision">The revision that created it.</param>
public sealed record ServiceDefinition(ServiceSettings Settings, long CreatedRevision);
