namespace Dashboard.Core.Registry;

/// <summary>
/// One stored thing before and after a change; null stands for absent. Every change of the registry is a list of these, so that
/// applying, storing, replaying and undoing know no command.
/// </summary>
public abstract record EntityChange;

public sealed record ServiceChange(string Name, ServiceDefinition? Before, ServiceDefinition? After) : EntityChange;

public sealed record BrakeChange(string Service, BrakeState? Before, BrakeState? After) : EntityChange;

public sealed record InstanceChange(InstanceKey Key, InstanceEntry? Before, InstanceEntry? After) : EntityChange;

public sealed record HealthChange(InstanceKey Key, HealthState? Before, HealthState? After) : EntityChange;

public sealed record OperatorChange(InstanceKey Key, OperatorState? Before, OperatorState? After) : EntityChange;

public sealed record NodeChange(string Name, NodeState? Before, NodeState? After) : EntityChange;

/// <summary>An operator decided about a data plane. No part of the snapshot: followers are known in memory alone.</summary>
public sealed record FollowerChange(string Id, FollowerRecord? Before, FollowerRecord? After) : EntityChange;

public sealed record WithholdingChange(Withholding? Before, Withholding? After) : EntityChange;

public sealed record OperationChange(long Id, Operation? Before, Operation? After) : EntityChange;

/// <summary>Both sides share the definition unless the plan was opened by it; the log then leaves it out, and <see cref="RegistrySnapshot"/> keeps the one that it has.</summary>
public sealed record PlanChange(long Id, Plan? Before, Plan? After) : EntityChange;

public sealed record AlertMarkChange(long Id, AlertMark? Before, AlertMark? After) : EntityChange;
