using System.Text.Json.Serialization;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

/// <summary>An instance with everything that decides about its traffic.</summary>
/// <param name="Weight">The weight that counts now.</param>
/// <param name="OperatorWeight">What an operator set in place of the registered weight; null = nothing.</param>
/// <param name="Intent">Its own.</param>
/// <param name="NodeIntent">Its node's.</param>
/// <param name="EffectiveIntent">The stricter of the two.</param>
internal sealed record InstanceDocument(
    string Id,
    string Address,
    int Port,
    string? Zone,
    string? Node,
    string? Version,
    IReadOnlyDictionary<string, string> Metadata,
    double? TtlSeconds,
    int Weight,
    int RegisteredWeight,
    int? OperatorWeight,
    RampDocument? Ramp,
    IntentDocument Intent,
    IntentDocument NodeIntent,
    IntentKind EffectiveIntent,
    HealthDocument Health,
    bool Eligible,
    bool Serving,
    long CreatedRevision,
    DateTimeOffset RegisteredAt)
{
    public static InstanceDocument From(Instance instance, bool serving) => new(
        instance.Id,
        instance.Registration.Address,
        instance.Registration.Port,
        instance.Registration.Zone,
        instance.Registration.Node,
        instance.Registration.Version,
        instance.Registration.Metadata,
        instance.Registration.Ttl?.TotalSeconds,
        instance.EffectiveWeight,
        instance.Registration.Weight,
        instance.Operator.Weight,
        RampDocument.From(instance.Operator.Ramp),
        IntentDocument.From(instance.Operator.Intent),
        IntentDocument.From(instance.NodeIntent),
        instance.EffectiveIntent.Kind,
        HealthDocument.From(instance.Health),
        instance.IsEligible,
        serving,
        instance.Entry.CreatedRevision,
        instance.Entry.RegisteredAt);
}

internal sealed record IntentDocument(IntentKind Kind, DateTimeOffset? Since, DateTimeOffset? Deadline, DeadlineAction? AtDeadline, DateTimeOffset? Until, bool Forced, string? Actor, string? Reason)
{
    public static IntentDocument From(Intent intent) => new(
        intent.Kind,
        intent.Since,
        intent.Deadline,
        intent.Kind == IntentKind.Draining ? intent.AtDeadline : null,
        intent.Until,
        intent.Forced,
        intent.Actor,
        intent.Reason);
}

internal sealed record HealthDocument(HealthStatus Status, DateTimeOffset? Since, string? Output, int Consecutive)
{
    public static HealthDocument From(HealthState? health) => health is null ? new(HealthStatus.Unknown, null, null, 0) : new(health.Status, health.Since, health.Output, health.Consecutive);
}

internal sealed record RampDocument(DateTimeOffset StartedAt, int Seconds, int Percent)
{
    public static RampDocument? From(Ramp? ramp) => ramp is null ? null : new(ramp.StartedAt, ramp.Seconds, ramp.Percent);
}

/// <summary>The answer to a registration.</summary>
/// <param name="Revision">The registry's revision with it.</param>
/// <param name="Created">False when the instance was known.</param>
internal sealed record RegistrationDocument(string Service, string Instance, long Revision, Guid Generation, bool Created)
{
    [JsonIgnore]
    public string Location => $"/api/v1/services/{Service}/instances/{Instance}";

    public static RegistrationDocument Of(InstanceKey key, CommandResult.Committed committed)
    {
        var created = false;
        foreach (var change in committed.Change?.Changes ?? [])
        {
            created |= change is InstanceChange { Before: null } added && added.Key == key;
        }

        return new(key.Service, key.Id, committed.Revision, committed.Snapshot.Generation, created);
    }
}

/// <summary>The answer to a change that opens no operation.</summary>
/// <param name="Changed">False when everything was so already.</param>
internal sealed record ChangedDocument(long Revision, bool Changed);
