using System.Collections.Immutable;
using System.Globalization;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Rules;

/// <summary>What the registry alone says of one service. Pure, so that a service that did not change is not looked at again.</summary>
internal static class ServiceRules
{
    public static ImmutableArray<Finding> Look(ServiceSnapshot service, AttentionOptions options)
    {
        var findings = ImmutableArray.CreateBuilder<Finding>();
        var (judged, eligible) = (0, 0);
        foreach (var instance in service.Instances.Values)
        {
            if (!instance.IsWanted || instance.HealthStatus == HealthStatus.Unknown)
                continue;

            judged++;
            eligible += instance.IsEligible ? 1 : 0;
            // Also while the rule is off: those of hosts are made of these.
            if (instance.HealthStatus == HealthStatus.Unhealthy)
                findings.Add(Unhealthy(instance));
        }

        if (service.Brake is { } brake && options.IsEnabled(AlertRule.BrakeEngaged))
            findings.Add(Of(service, AlertRule.BrakeEngaged, $"Lost instances of {service.Name} are not removed", $"{brake.Lost} of {brake.Total} instances were lost within one lease.", brake.Since));

        if (service.Serving is { Total: > 0, WhyEmpty: { } why })
        {
            if (options.IsEnabled(AlertRule.ServiceNotServing))
                findings.Add(Of(service, AlertRule.ServiceNotServing, $"Nobody serves {service.Name}", $"{Sentence(why)}."));
        }
        else if (service.Serving.Panic)
        {
            if (options.IsEnabled(AlertRule.ServiceInPanic))
                findings.Add(Of(service, AlertRule.ServiceInPanic, $"{service.Name} is in panic: health is ignored", $"{eligible} of {judged} instances are eligible; below {service.Settings.PanicThreshold} % all of them get requests, the unhealthy too."));
        }
        else if (options.IsEnabled(AlertRule.ServiceNearPanic) && IsNearPanic(eligible, judged, service.Settings.PanicThreshold, options.Of(AlertRule.ServiceNearPanic).Threshold ?? 0))
        {
            findings.Add(Of(service, AlertRule.ServiceNearPanic, $"{service.Name} is near panic", $"{eligible} of {judged} instances are eligible ({Percent((double)eligible / judged)}); panic begins below {service.Settings.PanicThreshold} %."));
        }

        return findings.ToImmutable();
    }

    /// <summary>Something is wrong already, and little more would bring panic. A whole service of one instance is not near it.</summary>
    /// <param name="margin">Percentage points above the threshold that count as near.</param>
    internal static bool IsNearPanic(int eligible, int judged, int threshold, double margin) =>
        threshold > 0 && eligible < judged && eligible > 0
        && ((eligible - 1) * 100L < (long)threshold * judged || eligible * 100.0 < (threshold + margin) * judged);

    private static Finding Unhealthy(Instance instance) => new(
        new(AlertRule.InstanceUnhealthy, instance.Key.ToString()),
        $"{instance.Id} of {instance.Key.Service} is unhealthy",
        $"{(string.IsNullOrWhiteSpace(instance.Health!.Output) ? "It fails its checks" : Sentence(instance.Health.Output.Trim().TrimEnd('.')))}; {instance.Health.Consecutive} in a row.",
        Places.Instance(instance.Key),
        instance.Health.Since)
    {
        Service = instance.Key.Service,
        Instance = instance.Id,
        Node = instance.Registration.Node,
    };

    private static Finding Of(ServiceSnapshot service, AlertRule rule, string summary, string evidence, DateTimeOffset? since = null) =>
        new(new(rule, service.Name), summary, evidence, Places.Service(service.Name), since) { Service = service.Name };

    internal static string Sentence(string text) => text.Length == 0 ? text : char.ToUpper(text[0], CultureInfo.InvariantCulture) + text[1..];

    internal static string Percent(double fraction) => (fraction * 100).ToString(fraction is > 0 and < 0.01 ? "0.0" : "0", CultureInfo.InvariantCulture) + " %";
}
