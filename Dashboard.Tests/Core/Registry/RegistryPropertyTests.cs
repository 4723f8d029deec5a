using CsCheck;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Xunit;

namespace Dashboard.Tests.Core.Registry;

/// <summary>What holds after any history of commands.</summary>
public sealed class RegistryPropertyTests
{
    [Fact]
    public void Revisions_are_gap_free_and_a_replay_of_the_log_leads_to_the_same_registry() => Gens.Steps.Sample(steps =>
    {
        var world = Play(steps, (_, _, _, _) => { });

        var replayed = RegistrySnapshot.Empty(world.Now.Generation, Gens.Start);
        foreach (var change in world.Registry.History)
        {
            replayed = replayed.Apply(change);
        }

        Assert.Equal(world.Registry.History.Select(change => change.Revision), Enumerable.Range(1, world.Registry.History.Count).Select(i => (long)i));
        AssertSame(world.Now, replayed);
    });

    [Fact]
    public void Loading_what_is_stored_gives_the_same_registry() => Gens.Steps.Sample(steps =>
    {
        var now = Play(steps, (_, _, _, _) => { }).Now;

        var loaded = RegistrySnapshot.Load(now.Generation, now.Revision, now.At, Stored(now), now.Services.ToDictionary(service => service.Key, service => service.Value.Revision));

        AssertSame(now, loaded);
    });

    [Fact]
    public void The_before_of_every_change_is_what_was_there() => Gens.Steps.Sample(steps => Play(steps, (_, _, before, result) =>
    {
        // In order: a later entity of the same change sees what the earlier ones left.
        foreach (var change in Changes(result))
        {
            Assert.Equal(Stored(before, change), BeforeOf(change));
            // A drain asked for again may move its operation's deadline to where it is.
            Assert.True(change is OperationChange || !Equals(BeforeOf(change), AfterOf(change)), $"{change} changes nothing");
            before = before.Preview([change]);
        }
    }));

    [Fact]
    public void Every_index_of_the_snapshot_agrees_with_its_instances() => Gens.Steps.Sample(steps => Play(steps, (world, _, _, _) =>
    {
        var now = world.Now;
        var instances = now.Services.Values.SelectMany(service => service.Instances.Values).ToArray();
        Assert.Equal(instances.Length, now.InstanceCount);
        foreach (var instance in instances)
        {
            Assert.Equal(now.OperatorStateOf(instance.Key), instance.Operator);
            Assert.Equal(now.IntentOfNode(instance.Registration.Node), instance.NodeIntent);
        }

        var byNode = instances.Where(instance => instance.Registration.Node is not null).GroupBy(instance => instance.Registration.Node!).ToDictionary(group => group.Key, group => group.Select(instance => instance.Key).ToHashSet());
        foreach (var (name, node) in now.Nodes)
        {
            Assert.True(node.Instances.SetEquals(byNode.GetValueOrDefault(name) ?? []));
            Assert.True(node.State is not null || !node.Instances.IsEmpty);
        }

        Assert.All(byNode.Keys, name => Assert.Contains(name, now.Nodes.Keys));
        Assert.All(now.Operations.Values, operation => Assert.True(operation.IsOpen));
        foreach (var service in now.Services.Values)
        {
            Assert.Equal(service.Instances.Count, service.Instances.Values.Select(instance => (instance.Registration.Address, instance.Registration.Port)).Distinct().Count());
        }
    }));

    [Fact]
    public void Serving_is_exactly_the_eligible_or_in_panic_all_that_are_wanted_and_judged() => Gens.Steps.Sample(steps => Play(steps, (world, _, _, _) =>
    {
        foreach (var service in world.Now.Services.Values)
        {
            var judged = service.Instances.Values.Where(instance => instance is { EffectiveIntent.Kind: IntentKind.Active, EffectiveWeight: > 0 } && instance.HealthStatus != HealthStatus.Unknown).ToArray();
            var eligible = judged.Where(instance => instance.HealthStatus != HealthStatus.Unhealthy).ToArray();
            var panic = judged.Length > 0 && 100.0 * eligible.Length / judged.Length < service.Settings.PanicThreshold;

            Assert.Equal(panic, service.Serving.Panic);
            Assert.Equal((panic ? judged : eligible).Select(instance => instance.Id), service.Serving.Endpoints.Select(endpoint => endpoint.Id));
            Assert.Equal(service.Serving.Endpoints.IsEmpty, service.Serving.WhyEmpty is not null);
            Assert.Equal(
                service.Instances.Values.Where(instance => instance.EffectiveIntent.Kind != IntentKind.Active).Select(instance => instance.Id),
                service.Serving.Leaving.Select(leaving => leaving.Id));
        }
    }));

    [Fact]
    public void Who_serves_is_what_all_instances_come_to_also_where_it_was_taken_over_from_the_snapshot_before() => Gens.Steps.Sample(steps => Play(steps, (world, _, _, _) =>
    {
        foreach (var service in world.Now.Services.Values)
        {
            var derived = ServingSet.Derive(service.Name, service.Settings, service.Revision, [.. service.Instances.Values]);
            Assert.True(service.Serving.SaysTheSameAs(derived), $"{service.Serving} is not {derived}");
            Assert.Equal((derived.Revision, derived.Total), (service.Serving.Revision, service.Serving.Total));
        }
    }));

    [Fact]
    public void A_service_says_the_revision_that_last_changed_what_followers_are_told() => Gens.Steps.Sample(steps => Play(steps, (world, _, before, _) =>
    {
        foreach (var (name, service) in world.Now.Services)
        {
            if (before.Services.TryGetValue(name, out var old) && !service.Serving.SaysTheSameAs(old.Serving))
            {
                Assert.Equal(world.Now.Revision, service.Revision);
            }
        }
    }));

    [Fact]
    public void An_operators_act_never_leaves_fewer_serving_than_the_floor_unless_it_was_overridden() => Gens.Steps.Sample(steps => Play(steps, (world, command, before, result) =>
    {
        if (command is not OperatorCommand { Override: false } || result is not CommandResult.Committed { Change: { } change }
            || (change.Actor.Kind != ActorKind.Operator && (command is not AdvancePlan advance || before.Plans[advance.Plan].Overridden)))
        {
            return;
        }

        foreach (var (name, old) in before.Services)
        {
            var left = world.Now.Services.GetValueOrDefault(name)?.Serving.Endpoints.Length ?? 0;
            Assert.True(left >= old.Serving.Endpoints.Length || left >= old.ServingFloor, $"{command.Action} left {left} of {old.Serving.Endpoints.Length}, floor {old.ServingFloor}");
        }
    }));

    [Fact]
    public void Registration_health_and_removal_never_change_what_operators_decided() => Gens.Steps.Sample(steps => Play(steps, (world, command, before, result) =>
    {
        if (result is not CommandResult.Committed { Change: { Actor.Kind: not ActorKind.Operator } change } || command is CompleteDrain or StepRamp or AdvancePlan)
        {
            return;
        }

        var replaced = change.Changes.OfType<InstanceChange>().Where(instance => instance.After is null).Select(instance => instance.Key).ToHashSet();
        foreach (var (key, state) in before.OperatorStates.Where(known => !known.Value.IsDefault))
        {
            var now = world.Now.OperatorStateOf(key);
            if (command is RegisterInstance register && register.Key != key && replaced.Contains(key))
            {
                // Replaced by a new id on its address: what was decided went over to it, unless that id had decisions of its own.
                var heir = world.Now.OperatorStateOf(register.Key);
                Assert.Equal(Decided(before.OperatorStateOf(register.Key) is { IsDefault: false } own ? own : state), Decided(heir));
                continue;
            }

            Assert.Equal(Decided(state), Decided(now));
        }

        static (Intent, int?, Ramp?) Decided(OperatorState state) => (state.Intent, state.Weight, state.Ramp);
    }));

    [Fact]
    public void Who_is_registered_is_not_absent_and_who_is_kept_without_being_registered_says_since_when() => Gens.Steps.Sample(steps => Play(steps, (world, _, _, _) =>
    {
        foreach (var (key, state) in world.Now.OperatorStates)
        {
            Assert.Equal(world.Now.FindInstance(key) is null, state.AbsentSince is not null);
        }
    }));

    [Fact]
    public void Each_instance_has_at_most_one_open_operation_of_a_kind_that_contradicts_another() => Gens.Steps.Sample(steps => Play(steps, (world, _, _, _) =>
    {
        var intents = world.Now.Operations.Values.Where(operation => operation.Action is "instance.drain" or "instance.undrain" or "instance.maintenance").SelectMany(operation => operation.Instances.Distinct());
        Assert.All(intents.CountBy(key => key), pair => Assert.Equal(1, pair.Value));
        Assert.All(world.Now.Operations.Values, operation => Assert.Equal(operation.Instances.Length, operation.Instances.Distinct().Count()));
        var nodes = world.Now.Operations.Values.Where(operation => operation.Node is not null).CountBy(operation => operation.Node!);
        Assert.All(nodes, pair => Assert.Equal(1, pair.Value));
    }));

    [Fact]
    public void A_draining_instance_or_node_has_its_open_operation() => Gens.Steps.Sample(steps => Play(steps, (world, _, _, _) =>
    {
        foreach (var (key, state) in world.Now.OperatorStates.Where(known => known.Value.Intent.Kind == IntentKind.Draining && world.Now.FindInstance(known.Key) is not null))
        {
            Assert.Contains(world.Now.Operations.Values, operation => operation.Action == "instance.drain" && operation.Instances.Contains(key) && operation.Deadline == state.Intent.Deadline);
        }

        foreach (var node in world.Now.Nodes.Values.Where(node => node.Intent.Kind == IntentKind.Draining))
        {
            Assert.Contains(world.Now.Operations.Values, operation => operation.Action == "node.drain" && operation.Node == node.Name && operation.Deadline == node.Intent.Deadline);
        }
    }));

    [Fact]
    public void Deciding_is_pure_and_a_preview_says_what_will_happen() => Gens.Steps.Sample(steps => Play(steps, (world, command, before, result) =>
    {
        var actor = result is CommandResult.Committed { Change: { } change } ? change.Actor : null;
        if (actor is null)
        {
            return;
        }

        var context = new DecisionContext(actor, world.Now.At, before.Revision + 1);
        var again = Assert.IsType<Decision.Accepted>(command.Decide(before, context));
        Assert.Equal(((CommandResult.Committed)result).Change!.Changes, again.Changes);
    }));

    [Fact]
    public void An_undo_that_is_accepted_restores_what_the_change_replaced() => Gens.Steps.Sample(steps => Play(steps, (world, command, _, result) =>
    {
        if (command is not UndoChange { Change: { } undone } || result is not CommandResult.Committed { Change: not null })
        {
            return;
        }

        foreach (var change in undone.Changes)
        {
            switch (change)
            {
                case OperatorChange { Before: var before, After: var after, Key: var key }:
                    var (was, set, now) = (before ?? OperatorState.None, after ?? OperatorState.None, world.Now.OperatorStateOf(key));
                    Assert.True(was.Intent.Kind == set.Intent.Kind || now.Intent.Kind == was.Intent.Kind);
                    Assert.True(was.Weight == set.Weight || now.Weight == was.Weight);
                    break;
                case NodeChange node:
                    Assert.Equal(node.Before?.Intent.Kind ?? IntentKind.Active, world.Now.IntentOfNode(node.Name).Kind);
                    break;
                case ServiceChange service:
                    Assert.Equal(service.Before!.Settings, world.Now.Services[service.Name].Settings);
                    break;
            }
        }
    }));

    private static World Play(Step[] steps, Action<World, RegistryCommand, RegistrySnapshot, CommandResult> check)
    {
        var world = new World();
        RegistryCommand? command = null;
        world.Registry.Intercept = asked =>
        {
            command = asked;
            return null;
        };
        foreach (var step in steps)
        {
            var before = world.Now;
            if (world.Take(step) is not { } result)
            {
                continue;
            }

            try
            {
                check(world, command!, before, result);
            }
            catch (Exception failure)
            {
                // The log says what really happened; the drawn steps include many that were refused.
                throw new InvalidOperationException($"{failure.Message}\nlog: {string.Join(", ", world.Registry.History.Select(change => $"{change.Revision} {change.Action} {change.Target}"))}", failure);
            }
        }

        return world;
    }

    private static IEnumerable<EntityChange> Changes(CommandResult result) => result is CommandResult.Committed { Change: { } change } ? change.Changes : [];

    private static IEnumerable<EntityChange> Stored(RegistrySnapshot snapshot)
    {
        foreach (var service in snapshot.Services.Values)
        {
            yield return new ServiceChange(service.Name, null, service.Definition);
            yield return new BrakeChange(service.Name, null, service.Brake);
            foreach (var instance in service.Instances.Values)
            {
                yield return new InstanceChange(instance.Key, null, instance.Entry);
                yield return new HealthChange(instance.Key, null, instance.Health);
            }
        }

        foreach (var (key, state) in snapshot.OperatorStates)
        {
            yield return new OperatorChange(key, null, state);
        }

        foreach (var node in snapshot.Nodes.Values.Where(node => node.State is not null))
        {
            yield return new NodeChange(node.Name, null, node.State);
        }

        foreach (var operation in snapshot.Operations.Values)
        {
            yield return new OperationChange(operation.Id, null, operation);
        }

        foreach (var plan in snapshot.Plans.Values)
        {
            yield return new PlanChange(plan.Id, null, plan);
        }
    }

    private static object? Stored(RegistrySnapshot snapshot, EntityChange change) => change switch
    {
        ServiceChange service => snapshot.Services.GetValueOrDefault(service.Name)?.Definition,
        BrakeChange brake => snapshot.Services.GetValueOrDefault(brake.Service)?.Brake,
        InstanceChange instance => snapshot.FindInstance(instance.Key)?.Entry,
        HealthChange health => snapshot.FindInstance(health.Key)?.Health,
        OperatorChange state => snapshot.OperatorStates.GetValueOrDefault(state.Key),
        NodeChange node => snapshot.Nodes.GetValueOrDefault(node.Name)?.State,
        OperationChange operation => snapshot.Operations.GetValueOrDefault(operation.Id),
        // A plan that has ended is no part of the registry any more; rolled back, it changes all the same.
        PlanChange plan => snapshot.Plans.GetValueOrDefault(plan.Id) ?? (plan.Before is { IsOpen: false } ended ? ended : null),
        _ => throw new InvalidOperationException(),
    };

    private static object? BeforeOf(EntityChange change) => change switch
    {
        ServiceChange service => service.Before,
        BrakeChange brake => brake.Before,
        InstanceChange instance => instance.Before,
        HealthChange health => health.Before,
        OperatorChange state => state.Before,
        NodeChange node => node.Before,
        OperationChange operation => operation.Before,
        PlanChange plan => plan.Before,
        _ => throw new InvalidOperationException(),
    };

    private static object? AfterOf(EntityChange change) => change switch
    {
        ServiceChange service => service.After,
        BrakeChange brake => brake.After,
        InstanceChange instance => instance.After,
        HealthChange health => health.After,
        OperatorChange state => state.After,
        NodeChange node => node.After,
        OperationChange operation => operation.After,
        PlanChange plan => plan.After,
        _ => throw new InvalidOperationException(),
    };

    private static void AssertSame(RegistrySnapshot one, RegistrySnapshot other)
    {
        Assert.Equal((one.Generation, one.Revision, one.InstanceCount), (other.Generation, other.Revision, other.InstanceCount));
        Assert.Equal(one.Services.Keys.Order(), other.Services.Keys.Order());
        foreach (var (name, service) in one.Services)
        {
            var same = other.Services[name];
            Assert.Equal((service.Definition, service.Brake, service.Revision), (same.Definition, same.Brake, same.Revision));
            Assert.Equal(service.Instances, same.Instances);
            Assert.True(service.Serving.SaysTheSameAs(same.Serving));
        }

        Assert.Equal(one.OperatorStates.OrderBy(pair => pair.Key.ToString()), other.OperatorStates.OrderBy(pair => pair.Key.ToString()));
        Assert.Equal(one.Operations.OrderBy(pair => pair.Key), other.Operations.OrderBy(pair => pair.Key));
        Assert.Equal(one.Plans.OrderBy(pair => pair.Key), other.Plans.OrderBy(pair => pair.Key));
        Assert.Equal(one.Nodes.Keys.Order(), other.Nodes.Keys.Order());
        foreach (var (name, node) in one.Nodes)
        {
            Assert.Equal(node.State, other.Nodes[name].State);
            Assert.True(node.Instances.SetEquals(other.Nodes[name].Instances));
        }
    }
}
