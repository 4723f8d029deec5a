using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

// What clients send. These records describe the bodies to OpenAPI; the bodies themselves are read field by field (see FieldReader), so that every fault is told.

/// <summary>A service's settings. A field that is left out gets its default; the whole is replaced.</summary>
internal sealed record PutServiceRequest(
    string? Protocol = null,
    string? Policy = null,
    CheckRequest? Check = null,
    DrainDefaultsRequest? Drain = null,
    int? MinEligible = null,
    int? MinEligiblePercent = null,
    int? PanicThreshold = null,
    int? RemoveAfterSeconds = null,
    string? Reason = null,
    bool? DryRun = null);

internal sealed record CheckRequest(string? Kind = null, string? Path = null, int? StatusFrom = null, int? StatusTo = null, double? IntervalSeconds = null, double? TimeoutSeconds = null, int? Rise = null, int? Fall = null);

internal sealed record DrainDefaultsRequest(int? DeadlineSeconds = null, string? AtDeadline = null);

internal sealed record RegisterRequest(string Address, int Port, int? Weight = null, string? Zone = null, string? Node = null, string? Version = null, Dictionary<string, string>? Metadata = null, double? TtlSeconds = null);

internal sealed record HeartbeatRequest(string? Status = null, string? Output = null);

/// <summary>Operator weights by instance id, 0-10000; null gives an instance its registered weight back. All or nothing.</summary>
internal sealed record WeightsRequest(Dictionary<string, int?> Weights, string? Reason = null, long? ExpectedRevision = null, bool? Override = null, bool? DryRun = null);

/// <summary>With <c>startAt</c> it becomes a plan, which the answer then is.</summary>
internal sealed record DrainRequest(string? Reason = null, int? DeadlineSeconds = null, string? AtDeadline = null, DateTimeOffset? StartAt = null, long? ExpectedRevision = null, bool? Override = null, bool? DryRun = null);

/// <summary>With <c>waveSize</c>, <c>wavePercent</c> or <c>startAt</c> it becomes a plan, which the answer then is; without them it is one act.</summary>
internal sealed record NodeDrainRequest(
    string? Reason = null,
    int? DeadlineSeconds = null,
    string? AtDeadline = null,
    int? WaveSize = null,
    int? WavePercent = null,
    string? Order = null,
    int? SettleSeconds = null,
    PlanThresholdsRequest? Thresholds = null,
    DateTimeOffset? StartAt = null,
    long? ExpectedRevision = null,
    bool? Override = null,
    bool? DryRun = null);

/// <summary>Drain, undrain or maintenance of everything that matches all of <c>select</c>, in waves.</summary>
internal sealed record PlanRequest(
    string Kind,
    PlanSelectRequest Select,
    int? WaveSize = null,
    int? WavePercent = null,
    string? Order = null,
    int? SettleSeconds = null,
    PlanThresholdsRequest? Thresholds = null,
    int? DeadlineSeconds = null,
    string? AtDeadline = null,
    DateTimeOffset? Until = null,
    int? ForSeconds = null,
    int? RampSeconds = null,
    DateTimeOffset? StartAt = null,
    string? Reason = null,
    long? ExpectedRevision = null,
    bool? Override = null,
    bool? DryRun = null);

internal sealed record PlanSelectRequest(string? Service = null, string? Node = null, string? Zone = null, string? Version = null, IReadOnlyList<InstanceReference>? Instances = null);

/// <summary>What makes a plan pause by itself. A field that is null is not watched, one that is left out gets its default.</summary>
internal sealed record PlanThresholdsRequest(double? ErrorRisePoints = 1, double? P95Ratio = 1.5, int? MinimumRequests = 100, int? WindowSeconds = 30);

/// <summary>A version shift; <c>steps</c> are percentages of the new version, rising.</summary>
internal sealed record ShiftRequest(
    string From,
    string To,
    IReadOnlyList<int>? Steps = null,
    int? HoldSeconds = 120,
    double? ErrorMarginPoints = 1,
    double? SlowMarginPoints = 5,
    int? MinimumRequests = 100,
    DateTimeOffset? StartAt = null,
    string? Reason = null,
    long? ExpectedRevision = null,
    bool? Override = null,
    bool? DryRun = null);

internal sealed record PlanSteerRequest(string? Reason = null, bool? DryRun = null);

internal sealed record UndrainRequest(string? Reason = null, int? RampSeconds = null, long? ExpectedRevision = null, bool? DryRun = null);

internal sealed record MaintenanceRequest(string? Reason = null, DateTimeOffset? Until = null, long? ExpectedRevision = null, bool? Override = null, bool? DryRun = null);

internal sealed record ExtendRequest(int DeadlineSeconds, string? AtDeadline = null, string? Reason = null);

internal sealed record ReasonRequest(string? Reason = null);

internal sealed record UndoRequest(string? Reason = null, long? ExpectedRevision = null, bool? Override = null, bool? DryRun = null);

internal sealed record DeleteRequest(string? Reason = null, long? ExpectedRevision = null, bool? Override = null, bool? DryRun = null);
