using System.Globalization;
using Dashboard.Core.Attention;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Attention;
using Dashboard.Web.Console.Planes;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Web.Console.State;

/// <summary>Changes of the registry in an operator's words.</summary>
internal static class ChangeWords
{
    private const string FollowerPrefix = "follower:";
    private const string AlertPrefix = "alert:";
    private const string SilencePrefix = "silence:";
    private const string AlertsTarget = "alerts:";

    /// <summary>What can be undone.</summary>
    public static bool CanUndo(RegistryChange change) => change.Action is "service.weights" or "instance.drain" or "instance.undrain" or "instance.maintenance" or "node.drain" or "node.undrain" or "undo" or "plan.start"
        || (change.Action == "service.put" && change.Changes is [ServiceChange { Before: not null }]);

    /// <summary>Who did what to whom: <c>Drained cart/cart-2</c>.</summary>
    public static string Title(RegistryChange change) =>
        change is { Action: "service.put", Changes: [ServiceChange { Before: null }] } ? $"Created {TargetText(change.Target)}" : Title(change.Action, change.Target);

    /// <summary>The same where no more is known of it.</summary>
    public static string Title(string action, string target) => $"{Verb(action)} {TargetText(target)}";

    /// <summary>What an operation does: <c>Drain cart/cart-2</c>.</summary>
    public static string Title(Operation operation) => operation.Action switch
    {
        _ when operation is { Undoes: { } undone, Plan: { } plan } && undone == plan => $"Roll back plan {plan}",
        "service.weights" when operation.Plan is { } shift => $"Weights of {operation.Service}, plan {shift}",
        "service.weights" when operation.Undoes is not null => $"Take back weights of {operation.Service}",
        "service.weights" => $"Weights of {operation.Service}",
        "instance.drain" => $"Drain {operation.Instances[0]}",
        "instance.undrain" => $"Undrain {operation.Instances[0]}",
        "instance.maintenance" => $"Maintenance of {operation.Instances[0]}",
        "node.drain" => $"Drain node {operation.Node}",
        "node.undrain" => $"Undrain node {operation.Node}",
        _ => $"{operation.Action} of {operation.Service ?? operation.Node}",
    };

    public static string Outcome(OperationOutcome outcome) => outcome switch
    {
        OperationOutcome.Open => "Under way",
        OperationOutcome.Completed => "Completed",
        OperationOutcome.Forced => "Forced",
        OperationOutcome.Cancelled => "Taken back",
        OperationOutcome.Superseded => "Replaced",
        _ => "Not provable",
    };

    public static string TargetText(string target) => target.StartsWith("node:", StringComparison.Ordinal) ? $"node {target[5..]}"
        : target.StartsWith(FollowerPrefix, StringComparison.Ordinal) ? $"data plane {target[FollowerPrefix.Length..]}"
        : target.StartsWith("plan:", StringComparison.Ordinal) ? $"plan {target[5..]}"
        : target.StartsWith("zone:", StringComparison.Ordinal) ? $"zone {target[5..]}"
        : target == AlertsTarget ? "alerts"
        : target.StartsWith(AlertPrefix, StringComparison.Ordinal) ? AlertWords.Named(target[AlertPrefix.Length..])
        : target.StartsWith(SilencePrefix, StringComparison.Ordinal) ? $"silence or acknowledgement {target[SilencePrefix.Length..]}"
        : target == WithholdRegistry.Registry ? "the new registry"
        : target;

    /// <summary>The page of what a change acted on.</summary>
    public static string TargetLink(string target)
    {
        if (target.StartsWith("node:", StringComparison.Ordinal))
        {
            return Links.Node(target[5..]);
        }

        if (target == AlertsTarget || target.StartsWith(SilencePrefix, StringComparison.Ordinal))
        {
            return AlertWords.Address;
        }

        if (target.StartsWith(AlertPrefix, StringComparison.Ordinal))
        {
            return $"{AlertWords.Address}?alert={AlertKey.FingerprintOf(target[AlertPrefix.Length..])}";
        }

        if (target.StartsWith("plan:", StringComparison.Ordinal))
        {
            return $"/plans/{target[5..]}";
        }

        if (target.StartsWith("zone:", StringComparison.Ordinal) || target == "plan")
        {
            return "/plans";
        }

        if (target.StartsWith(FollowerPrefix, StringComparison.Ordinal))
        {
            return Links.DataPlane(target[FollowerPrefix.Length..]);
        }

        if (target == WithholdRegistry.Registry)
        {
            return "/data-planes";
        }

        var slash = target.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? Links.Service(target) : Links.Instance(new(target[..slash], target[(slash + 1)..]));
    }

    /// <summary>Every field that is different after the change, in words.</summary>
    public static IEnumerable<FieldChange> Fields(RegistryChange change)
    {
        foreach (var entity in change.Changes)
        {
            foreach (var field in Fields(entity))
            {
                yield return field;
            }
        }
    }

    /// <summary>An intent in a few words, <c>active</c> for null, and the time that they end with.</summary>
    public static (string What, DateTimeOffset? At) IntentText(Intent? intent) => intent?.Kind switch
    {
        null or IntentKind.Active => ("active", null),
        IntentKind.Draining => intent.Deadline is { } deadline ? ("draining, deadline", deadline) : ("draining", null),
        IntentKind.Drained => (intent.Forced ? "drained (forced)" : "drained", null),
        _ => intent.Until is { } until ? ("maintenance until", until) : ("maintenance", null),
    };

    public static string WeightText(int? weight) => weight?.ToString(CultureInfo.InvariantCulture) ?? "registered weight";

    private static string Verb(string action) => action switch
    {
        "instance.register" => "Registered",
        "instance.deregister" => "Deregistered",
        "instance.remove" => "Removed",
        "instance.health" => "Health of",
        "instance.drain" or "node.drain" => "Drained",
        "instance.undrain" or "node.undrain" => "Undrained",
        "instance.maintenance" => "Put into maintenance",
        "instance.ramp" => "Ramped up",
        "service.weights" => "Changed weights of",
        "service.put" => "Changed settings of",
        "service.delete" => "Deleted",
        "service.brake.engage" => "Braked removal for",
        "service.brake.release" => "Released the brake of",
        "drain.extend" => "Moved the deadline of",
        "drain.complete" => "Finished draining",
        "drain.force" => "Forced the drain of",
        "operation.close" => "Closed the operation on",
        "operator.forget" => "Forgot decisions about",
        "registry.withhold" => "Withheld from data planes:",
        "registry.confirm" => "Confirmed",
        "alert.acknowledge" => "Acknowledged",
        "alert.silence" => "Silenced",
        "alert.end" => "Ended",
        "alert.clear" => "Cleared away what was over of",
        "undo" => "Undid a change of",
        "plan.start" => "Started a plan for",
        "plan.advance" => "Went on with",
        "plan.balance" => "Weighed newcomers of",
        "plan.pause" => "Paused",
        "plan.resume" => "Resumed",
        "plan.cancel" => "Cancelled",
        "plan.complete" => "Completed",
        "plan.rollback" => "Rolled back",
        ForgetFollower.Name => "Forgot",
        _ => action,
    };

    private static IEnumerable<FieldChange> Fields(EntityChange entity) => entity switch
    {
        OperatorChange change => OperatorFields(change),
        NodeChange change => Intents($"node {change.Name}", change.Before?.Intent, change.After?.Intent),
        HealthChange change => Health(change),
        InstanceChange change => Registration(change),
        ServiceChange change => Settings(change),
        BrakeChange change => Different(change.Service, "brake", change.Before is null ? "released" : $"engaged, {change.Before.Lost} of {change.Before.Total} lost", change.After is null ? "released" : $"engaged, {change.After.Lost} of {change.After.Total} lost"),
        FollowerChange { Before: { } before } change => [new($"data plane {change.Id}", "counted", $"{(Enum.TryParse<FollowerKind>(before.Kind, out var kind) ? PlaneWords.Kind(kind) : "not heard of")}{(before.Address is { } address ? $" at {address}" : "")}, had taken {(before.Acknowledged == 0 ? "nothing known" : $"revision {Format.Count(before.Acknowledged)}")}{(before.Connected ? ", connected" : "")}", "forgotten")],
        OperationChange { Before: { } before, After: { } after } change when !before.Followers.AsSpan().SequenceEqual(after.Followers.AsSpan()) =>
            Different($"operation {change.Id}", "waits for", Format.Plural(before.Followers.Length, "data plane"), Format.Plural(after.Followers.Length, "data plane")),
        WithholdingChange change => Different("registry", "data planes", Told(change.Before), Told(change.After)),
        AlertMarkChange change => Marks(change),
        PlanChange { Before: null, After.Definition: { } opened } => [new($"plan for {TargetText(opened.Selection.Target)}", "waves", "none", Format.Plural(opened.Waves.Length, opened.Shift is null ? "wave" : "step"))],
        PlanChange { Before: { } before, After: { } after } change => Different($"plan {change.Id}", "state", before.State.ToString().ToLowerInvariant(), after.Because is null ? after.State.ToString().ToLowerInvariant() : $"{after.State.ToString().ToLowerInvariant()}: {after.Because}"),
        OperationChange { Before: { } before, After: { } after } change => Different($"operation {change.Id}", "outcome", Outcome(before.Outcome).ToLowerInvariant(), after.ClosedBecause is null ? Outcome(after.Outcome).ToLowerInvariant() : $"{Outcome(after.Outcome).ToLowerInvariant()}: {after.ClosedBecause}"),
        _ => [],
    };

    private static IEnumerable<FieldChange> Intents(string subject, Intent? before, Intent? after)
    {
        if ((before ?? Intent.Active) == (after ?? Intent.Active))
            return [];

        var (was, becomes) = (IntentText(before), IntentText(after));
        return [new(subject, "intent", was.What, becomes.What) { BeforeAt = was.At, AfterAt = becomes.At }];
    }

    // A mark that only moved its end is a change as well.
    private static IEnumerable<FieldChange> Marks(AlertMarkChange change)
    {
        if (change.Before?.Until == change.After?.Until)
            return [];

        var acknowledged = change.Before?.Kind == AlertMarkKind.Acknowledgement || change.After?.Kind == AlertMarkKind.Acknowledgement;
        return [new(AlertWords.What((change.After ?? change.Before)!.Match), acknowledged ? "acknowledged" : "silenced", MarkText(change.Before), MarkText(change.After)) { BeforeAt = change.Before?.Until, AfterAt = change.After?.Until }];
    }

    private static string MarkText(AlertMark? mark) => mark is null ? "no" : "until";

    private static string Told(Withholding? withholding) => withholding is { IsOpen: true } ? "keep the former registry" : "follow this registry";

    private static IEnumerable<FieldChange> OperatorFields(OperatorChange change)
    {
        var (before, after, subject) = (change.Before ?? OperatorState.None, change.After ?? OperatorState.None, change.Key.ToString());
        return Different(subject, "operator weight", WeightText(before.Weight), WeightText(after.Weight))
            .Concat(Intents(subject, before.Intent, after.Intent))
            .Concat(Different(subject, "ramp", Ramp(before.Ramp), Ramp(after.Ramp)));

        static string Ramp(Ramp? ramp) => ramp is null ? "none" : $"{ramp.Percent} % of weight, over {ramp.Seconds} s";
    }

    private static IEnumerable<FieldChange> Health(HealthChange change)
    {
        return [new(change.Key.ToString(), "health", Text(change.Before), Text(change.After))];

        static string Text(HealthState? health) => health is null ? "not yet checked" : $"{MeshStates.Of(health.Status).Word().ToLowerInvariant()}{(string.IsNullOrEmpty(health.Output) ? "" : $" ({health.Output})")}";
    }

    private static IEnumerable<FieldChange> Registration(InstanceChange change)
    {
        var (before, after, subject) = (change.Before?.Registration, change.After?.Registration, change.Key.ToString());
        if (before is null || after is null)
        {
            return [new(subject, "registration", Text(before), Text(after))];
        }

        return Different(subject, "address", $"{before.Address}:{before.Port}", $"{after.Address}:{after.Port}")
            .Concat(Different(subject, "registered weight", WeightText(before.Weight), WeightText(after.Weight)))
            .Concat(Different(subject, "zone", before.Zone, after.Zone))
            .Concat(Different(subject, "node", before.Node, after.Node))
            .Concat(Different(subject, "version", before.Version, after.Version))
            .Concat(Different(subject, "metadata", Metadata(before), Metadata(after)));

        static string Text(Registration? registration) => registration is null ? "absent" : $"{registration.Address}:{registration.Port}, weight {registration.Weight}";

        static string Metadata(Registration registration) => string.Join(", ", registration.Metadata.Select(pair => $"{pair.Key}={pair.Value}"));
    }

    private static IEnumerable<FieldChange> Settings(ServiceChange change)
    {
        var (before, after, subject) = (change.Before?.Settings, change.After?.Settings, change.Name);
        if (before is null || after is null)
        {
            return [new(subject, "service", before is null ? "absent" : "present", after is null ? "absent" : "present")];
        }

        return Different(subject, "protocol", before.Protocol.ToString(), after.Protocol.ToString())
            .Concat(Different(subject, "policy", before.Policy.ToString(), after.Policy.ToString()))
            .Concat(before.Check == after.Check ? [] : [new FieldChange(subject, "check", CheckText(before.Check), CheckText(after.Check))])
            .Concat(Different(subject, "drain deadline", Format.Setting(before.DrainDeadline), Format.Setting(after.DrainDeadline)))
            .Concat(Different(subject, "at the deadline", before.AtDeadline.ToString(), after.AtDeadline.ToString()))
            .Concat(Different(subject, "least serving", Format.Count(before.MinEligible), Format.Count(after.MinEligible)))
            .Concat(Different(subject, "least serving, percent", $"{before.MinEligiblePercent} %", $"{after.MinEligiblePercent} %"))
            .Concat(Different(subject, "panic threshold", $"{before.PanicThreshold} %", $"{after.PanicThreshold} %"))
            .Concat(Different(subject, "remove after", Format.Setting(before.RemoveAfter), Format.Setting(after.RemoveAfter)));

        static string CheckText(CheckSettings check) =>
            $"{check.Kind.ToString().ToLowerInvariant()}{(check.Kind is CheckKind.Http or CheckKind.Grpc ? $" {check.Path}" : "")}, every {Format.Setting(check.Interval)}, timeout {Format.Setting(check.Timeout)}, rise {check.Rise}, fall {check.Fall}";
    }

    private static IEnumerable<FieldChange> Different(string subject, string field, string? before, string? after) =>
        before == after ? [] : [new(subject, field, before ?? "none", after ?? "none")];
}

/// <summary>One field before and after a change.</summary>
internal sealed record FieldChange(string Subject, string Field, string Before, string After)
{
    /// <summary>The time that <see cref="Before"/> ends with.</summary>
    public DateTimeOffset? BeforeAt { get; init; }

    /// <summary>The time that <see cref="After"/> ends with.</summary>
    public DateTimeOffset? AfterAt { get; init; }
}
