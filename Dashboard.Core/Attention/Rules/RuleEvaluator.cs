using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention.Rules;

/// <summary>
/// Says which conditions hold. The same knowledge gives the same findings; it remembers what it found in services that have not changed since, so that a look costs what changed and not what there is.
/// For one caller at a time.
/// </summary>
internal sealed class RuleEvaluator(AttentionOptions options)
{
    private const long LeastRequests = 50;

    private Dictionary<string, Remembered> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Count, DateTimeOffset Since)> _unhealthy = new(StringComparer.Ordinal);
    private readonly List<Finding> _hosts = [];

    // Hosts that are told of as a whole, with when the last instance on each failed.
    private readonly Dictionary<string, DateTimeOffset> _down = new(StringComparer.Ordinal);
    private RegistrySnapshot? _seen;

    /// <summary>Every condition that holds. The list is used again by the next call.</summary>
    public void Evaluate(Known known, DateTimeOffset now, List<Finding> findings)
    {
        findings.Clear();
        Services(known.Registry, findings);
        Traffic(known, findings);
        Drains(known, now, findings);
        Plans(known.Registry, findings);
        Followers(known.Followers, findings);
        Registry(known, findings);
    }

    private void Services(RegistrySnapshot registry, List<Finding> findings)
    {
        if (!ReferenceEquals(registry, _seen))
        {
            var remembered = new Dictionary<string, Remembered>(registry.Services.Count, StringComparer.Ordinal);
            foreach (var (name, service) in registry.Services)
            {
                remembered[name] = _services.TryGetValue(name, out var known) && ReferenceEquals(known.Service, service)
                    ? known
                    : new(service, ServiceRules.Look(service, options));
            }

            (_services, _seen) = (remembered, registry);
            Hosts(registry);
        }

        var instances = options.IsEnabled(AlertRule.InstanceUnhealthy);
        foreach (var (_, remembered) in _services)
        {
            foreach (var finding in remembered.Findings)
            {
                if (finding.Key.Rule != AlertRule.InstanceUnhealthy || (instances && !FellWithItsHost(finding)))
                    findings.Add(finding);
            }
        }

        findings.AddRange(_hosts);
    }

    // Whose own alert fires already keeps it: it is not resolved because its host went down as well.
    private bool FellWithItsHost(Finding finding) =>
        finding is { Node: { } node, Since: { } since } && _down.TryGetValue(node, out var last) && last - since < options.Of(AlertRule.InstanceUnhealthy).For;

    private void Hosts(RegistrySnapshot registry)
    {
        _hosts.Clear();
        _down.Clear();
        if (!options.IsEnabled(AlertRule.NodeUnhealthy))
            return;

        _unhealthy.Clear();
        foreach (var (_, remembered) in _services)
        {
            foreach (var finding in remembered.Findings)
            {
                if (finding is { Key.Rule: AlertRule.InstanceUnhealthy, Node: { } node, Since: { } since })
                    _unhealthy[node] = _unhealthy.TryGetValue(node, out var known) ? (known.Count + 1, known.Since > since ? known.Since : since) : (1, since);
            }
        }

        foreach (var (name, (unhealthy, since)) in _unhealthy)
        {
            if (unhealthy < 2 || !registry.Nodes.TryGetValue(name, out var node))
                continue;

            var wanted = node.Instances.Count(key => registry.FindInstance(key) is { IsWanted: true } instance && instance.HealthStatus != HealthStatus.Unknown);
            if (unhealthy == wanted)
            {
                _down[name] = since;
                _hosts.Add(new(
                    new(AlertRule.NodeUnhealthy, $"node:{name}"),
                    $"Host {name} is unhealthy",
                    $"All {wanted} instances on it that should take traffic fail their checks, of {node.Instances.Select(key => key.Service).Distinct(StringComparer.Ordinal).Count()} services.",
                    Places.Node(name),
                    since)
                {
                    Node = name,
                });
            }
        }
    }

    private void Traffic(Known known, List<Finding> findings)
    {
        var failing = options.IsEnabled(AlertRule.ServiceFailing) ? options.Of(AlertRule.ServiceFailing).Threshold / 100 : null;
        var astray = options.IsEnabled(AlertRule.ShareAstray) ? options.Of(AlertRule.ShareAstray).Threshold / 100 : null;
        foreach (var reading in known.Traffic)
        {
            if (!known.Registry.TryGetService(reading.Service, out var service))
                continue;

            if (failing is { } rate && reading.Completed >= LeastRequests && reading.ErrorRate > rate)
                findings.Add(Of(AlertRule.ServiceFailing, reading.Service, $"Requests to {reading.Service} fail", $"{ServiceRules.Percent(reading.ErrorRate)} failed: {reading.Failures:#,0} of {reading.Completed:#,0} in the last minute."));

            // Nobody is registered any more, and somebody calls all the same.
            if (service.Serving.Total == 0 && reading.Calls > 0 && options.IsEnabled(AlertRule.ServiceNotServing))
                findings.Add(Of(AlertRule.ServiceNotServing, reading.Service, $"Nobody serves {reading.Service}", "No instance is registered, and it is called."));

            // Who should get nothing and gets a little is worth a look as well: 1 % cannot be the tail of what was in flight.
            if (astray is { } distance && reading.Worst is { } worst && (worst.Distance >= distance - 1e-9 || (worst.Intended <= 0 && worst.Actual >= 0.01)))
                findings.Add(Of(
                    AlertRule.ShareAstray,
                    reading.Service,
                    $"The traffic of {reading.Service} is not divided as intended",
                    $"{worst.Instance} gets {ServiceRules.Percent(worst.Actual)} of the requests instead of {ServiceRules.Percent(worst.Intended)}{(reading.Wrong > 1 ? $", and {reading.Wrong - 1} more are off" : "")}, in a sample of {worst.Requests:#,0}."));
        }
    }

    private void Drains(Known known, DateTimeOffset now, List<Finding> findings)
    {
        if (!options.IsEnabled(AlertRule.DrainOverdue))
            return;

        foreach (var operation in known.Registry.Operations.Values)
        {
            if (operation.Deadline is not { } deadline || deadline > now)
                continue;

            var view = known.Operations.Find(operation.Id)?.Drain;
            var what = operation.Node is { } node ? $"host {node}" : operation.Instances.Length > 0 ? operation.Instances[0].ToString() : operation.Service ?? "";
            findings.Add(new(
                new(AlertRule.DrainOverdue, FormattableString.Invariant($"operation:{operation.Id}")),
                $"The drain of {what} is past its deadline",
                InFlight(view),
                Places.Operation(operation.Id),
                deadline)
            {
                Service = operation.Service ?? (operation.Node is null && operation.Instances.Length > 0 ? operation.Instances[0].Service : null),
                Instance = operation.Node is null && operation.Instances.Length == 1 ? operation.Instances[0].Id : null,
                Node = operation.Node,
            });
        }
    }

    private static string InFlight(DrainView? view)
    {
        if (view is null)
            return "It is not drained.";

        var busy = view.Instances.Count(instance => !instance.IsKnownIdle);
        var unknown = view.Instances.FirstOrDefault(instance => instance.Unknown is not null)?.Unknown;
        // No count of requests: it would be another at each look.
        return busy == 0 ? "It is idle and waits for the proof." : $"{busy} of {view.Instances.Length} {(view.Instances.Length == 1 ? "instance is" : "instances are")} not known to be idle{(unknown is null ? "" : $": {unknown}")}.";
    }

    private void Plans(RegistrySnapshot registry, List<Finding> findings)
    {
        if (!options.IsEnabled(AlertRule.PlanPaused))
            return;

        foreach (var plan in registry.Plans.Values)
        {
            if (plan.PausedItself)
            {
                findings.Add(new(
                    new(AlertRule.PlanPaused, FormattableString.Invariant($"plan:{plan.Id}")),
                    $"Plan {plan.Id} paused by itself",
                    plan.Because ?? "It says no reason.",
                    Places.Plan(plan.Id),
                    plan.Since)
                {
                    Service = plan.Asked.Selection.Service,
                    Node = plan.Asked.Selection.Node,
                });
            }
        }
    }

    private void Followers(ImmutableArray<FollowerStanding> followers, List<Finding> findings)
    {
        foreach (var standing in followers)
        {
            if (!standing.NeedsAttention)
                continue;

            if (standing.State == FollowerState.Refused)
            {
                if (options.IsEnabled(AlertRule.FollowerRefused))
                    findings.Add(Of(standing, AlertRule.FollowerRefused, $"{standing.Id} refused what it was told", $"{ServiceRules.Sentence(standing.Follower?.LastRefusal?.Trim().TrimEnd('.') ?? "it gave no reason")}."));
            }
            else if (options.IsEnabled(AlertRule.FollowerBehind))
            {
                findings.Add(standing.State == FollowerState.Silent
                    ? Of(standing, AlertRule.FollowerBehind, $"{standing.Id} is gone", $"{standing.WaitedForBy.Length} open {(standing.WaitedForBy.Length == 1 ? "operation waits" : "operations wait")} for its acknowledgement.")
                    : Of(standing, AlertRule.FollowerBehind, $"{standing.Id} is behind", $"It has not taken the last change of {string.Join(", ", standing.Lacks.Take(3))}{(standing.Lacks.Length > 3 ? " and others" : "")}."));
            }
        }
    }

    private void Registry(Known known, List<Finding> findings)
    {
        if (known.Availability.UnavailableSince is { } away && options.IsEnabled(AlertRule.StoreAway))
            findings.Add(new(new(AlertRule.StoreAway, "registry:"), "Postgres is away", $"Changes are refused; traffic and health checks go on. Last attempt: {known.Availability.Error ?? "no answer"}", "/", away));

        if (known.Registry.Withholding is { IsOpen: true } withholding && options.IsEnabled(AlertRule.RegistryWithheld))
            findings.Add(new(new(AlertRule.RegistryWithheld, "registry:"), "The registry began anew and is withheld from data planes", $"They keep the former one, of {(withholding.Services == 0 ? "an unknown number of" : withholding.Services)} services, until an operator confirms.", "/", withholding.Since));
    }

    private static Finding Of(AlertRule rule, string service, string summary, string evidence) => new(new(rule, service), summary, evidence, Places.Service(service)) { Service = service };

    private static Finding Of(FollowerStanding standing, AlertRule rule, string summary, string evidence) =>
        // One that is gone is so from when that was seen: after a start of the console nobody has come back yet, and the operations that wait may be old.
        new(new(rule, $"follower:{standing.Id}"), summary, evidence, Places.Follower(standing.Id), standing.State == FollowerState.Silent ? null : standing.LagSince);

    private sealed record Remembered(ServiceSnapshot Service, ImmutableArray<Finding> Findings);
}
