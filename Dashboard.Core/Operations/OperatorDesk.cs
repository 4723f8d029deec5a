using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Operations;

/// <summary>
/// Where operators' acts come in, from the API and from pages alike: previews them, fixes whose acknowledgement will count and hands them to the registry.
/// </summary>
public sealed class OperatorDesk(IRegistry registry, FollowerTable followers, PreviewCalculator previews, TimeProvider time)
{
    /// <summary>What the act would do now. Changes nothing.</summary>
    public OperationPreview Preview(RegistryCommand command, Actor actor)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(actor);
        return previews.Preview(registry.Current, Complete(command), actor);
    }

    /// <summary>Carries an act out. See <see cref="IRegistry.ExecuteAsync"/>.</summary>
    public ValueTask<CommandResult> ExecuteAsync(RegistryCommand command, Actor actor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(actor);
        // A registration has nothing to be completed: thousands a second go straight through.
        return command is OperatorCommand or ForgetFollower ? ActAsync(command, actor, cancellationToken) : registry.ExecuteAsync(command, actor, cancellationToken);
    }

    private async ValueTask<CommandResult> ActAsync(RegistryCommand command, Actor actor, CancellationToken cancellationToken)
    {
        if (command is OperatorCommand act)
        {
            command = act with
            {
                RequestedAt = act.RequestedAt ?? time.GetUtcNow(),
                Followers = followers.FollowersOf(ServicesOf(registry.Current, act)),
            };
        }

        var result = await registry.ExecuteAsync(Complete(command), actor, cancellationToken).ConfigureAwait(false);
        if (command is ForgetFollower forget && result is CommandResult.Committed)
            followers.Forget(forget.Follower);

        return result;
    }

    // Who follows is known here; a decision is about the registry alone.
    private RegistryCommand Complete(RegistryCommand command) => command is ForgetFollower forget && followers.Find(forget.Follower) is { } known
        ? forget with
        {
            Known = new(
                known.Kind.ToString(),
                known.Address,
                known.Services is { } services ? [.. services.Order(StringComparer.Ordinal)] : null,
                known.Generation == registry.Current.Generation ? known.Acknowledged : 0,
                known.LastSeen,
                known.Connected),
        }
        : command;

    /// <summary>The services whose traffic an act is about.</summary>
    internal static ImmutableHashSet<string> ServicesOf(RegistrySnapshot snapshot, OperatorCommand command) => command switch
    {
        SetWeights weights => [weights.Service],
        DrainInstance drain => [drain.Key.Service],
        UndrainInstance undrain => [undrain.Key.Service],
        SetMaintenance maintenance => [maintenance.Key.Service],
        DeregisterInstance deregister => [deregister.Key.Service],
        DeleteService delete => [delete.Service],
        DrainNode drain => ServicesOn(snapshot, drain.Node),
        UndrainNode undrain => ServicesOn(snapshot, undrain.Node),
        StartPlan plan => [.. PlansServices(snapshot, plan)],
        AdvancePlan plan => [.. snapshot.Plans.GetValueOrDefault(plan.Plan)?.Asked.Services ?? []],
        BalancePlan plan => [.. snapshot.Plans.GetValueOrDefault(plan.Plan)?.Asked.Services ?? []],
        ResumePlan plan => [.. snapshot.Plans.GetValueOrDefault(plan.Plan)?.Asked.Services ?? []],
        RollBackPlan plan => [.. plan.Known.Asked.Services],
        UndoChange undo => [.. undo.Change.Changes.SelectMany(change => change switch
        {
            OperatorChange operators => [operators.Key.Service],
            ServiceChange service => [service.Name],
            NodeChange node => ServicesOn(snapshot, node.Name),
            _ => Enumerable.Empty<string>(),
        })],
        _ => [],
    };

    private static IEnumerable<string> PlansServices(RegistrySnapshot snapshot, StartPlan plan) =>
        plan.Decide(snapshot, new(new("preview", ActorKind.System), snapshot.At, snapshot.Revision + 1)) is Decision.Accepted { Changes: [PlanChange { After: { } opened }] } ? opened.Asked.Services : [];

    private static ImmutableHashSet<string> ServicesOn(RegistrySnapshot snapshot, string node) =>
        snapshot.Nodes.TryGetValue(node, out var found) ? [.. found.Instances.Select(key => key.Service)] : [];
}
