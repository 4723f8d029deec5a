using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Registry;

/// <summary>A registry in memory with shorthands for what tests do to it.</summary>
internal sealed class World
{
    public static readonly Actor Ann = new("ann", ActorKind.Operator, "192.0.2.1");
    public static readonly Actor Self = new("self", ActorKind.Service);
    public static readonly Actor Monitor = Actor.System("health");

    public World()
    {
        Time = new(Gens.Start);
        Registry = new(Time);
    }

    public FakeTimeProvider Time { get; }

    public InMemoryRegistry Registry { get; }

    public RegistrySnapshot Now => Registry.Current;

    public static InstanceKey Key(string id) => new("orders", id);

    /// <summary>A service <c>orders</c> with so many healthy instances a, b, c, ... on nodes n-a, n-b, ...</summary>
    public static World With(int healthy, ServiceSettings? settings = null)
    {
        var world = new World();
        world.Do(new PutService("orders", settings ?? ServiceSettings.Default));
        for (var i = 0; i < healthy; i++)
        {
            var id = ((char)('a' + i)).ToString();
            world.Register(id, 8000 + i, node: $"n-{id}");
            world.Health(id, HealthStatus.Healthy);
        }

        return world;
    }

    public Instance Instance(string id) => Now.FindInstance(Key(id))!;

    public IEnumerable<string> Serving(string service = "orders") => Now.Services[service].Serving.Endpoints.Select(endpoint => endpoint.Id);

    public CommandResult Register(string id, int port, int weight = 100, string? node = null, string service = "orders") =>
        Registry.Execute(new RegisterInstance(new(service, id), new() { Address = "10.0.0.1", Port = port, Weight = weight, Node = node }), Self);

    public CommandResult Health(string id, HealthStatus status, string service = "orders") =>
        Registry.Execute(new RecordHealth(service, [new(new(service, id), new(status, Time.GetUtcNow(), "seen", 3))]), Monitor);

    /// <summary>Carries an operator's command out; it must be committed.</summary>
    public CommandResult.Committed Do(RegistryCommand command, Actor? actor = null) => Registry.Execute(command, actor ?? Ann) switch
    {
        CommandResult.Committed committed => committed,
        CommandResult.Refused refused => throw new InvalidOperationException(refused.Refusal.Message),
        var other => throw new InvalidOperationException(other.ToString()),
    };

    /// <summary>An operator's command that must be refused.</summary>
    public Refusal Refused(RegistryCommand command, Actor? actor = null) =>
        Registry.Execute(command, actor ?? Ann) is CommandResult.Refused refused ? refused.Refusal : throw new InvalidOperationException($"{command.Action} was not refused.");

    public CommandResult.Committed Undo(CommandResult.Committed what) => Do(new UndoChange(what.Change!));

    /// <summary>Takes a random step; null when it does not apply.</summary>
    public CommandResult? Take(Step step)
    {
        var command = step.Command;
        if (step.UndoBack is { } back)
        {
            var history = Registry.History;
            command = history.Count > back ? new UndoChange(history[^(back + 1)]) { Reason = "r" } : null;
        }
        else if (step.CompleteNth is { } nth)
        {
            var open = Now.Operations.Values.OrderBy(operation => operation.Id).ToArray();
            command = open.Length > nth ? new CompleteDrain(open[nth].Id, step.Forced, "idle") { TargetName = "t" } : null;
        }

        else if (step.Plan is { } move)
        {
            var open = Now.Plans.Values.OrderBy(plan => plan.Id).ToArray();
            command = open.Length > move.Nth ? Move(open[move.Nth], move.Move, step.Forced) : null;
        }

        if (command is null)
        {
            return null;
        }

        Time.Advance(TimeSpan.FromSeconds(1));
        return Registry.Execute(command, step.Actor switch { ActorKind.Operator => Ann, ActorKind.Service => Self, _ => Monitor });
    }

    /// <summary>The next act of a plan, whatever it waits for.</summary>
    public static AdvancePlan Next(Plan plan) => plan.Position < plan.Asked.Waves[plan.Wave].Acts ? new(plan.Id, plan.Wave, plan.Position) : new(plan.Id, plan.Wave + 1, 0);

    private static RegistryCommand Move(Plan plan, PlanMove move, bool forced) => move switch
    {
        PlanMove.Advance => Next(plan),
        PlanMove.Pause => new PausePlan(plan.Id, "paused"),
        PlanMove.Resume => new ResumePlan(plan.Id) { Override = forced, Reason = "r" },
        PlanMove.Cancel => new CancelPlan(plan.Id),
        PlanMove.RollBack => new RollBackPlan(plan) { Override = forced, Reason = "r" },
        _ => new BalancePlan(plan.Id, plan.Wave),
    };

    public static ImmutableSortedDictionary<string, int?> Weights(params (string Id, int? Weight)[] weights) =>
        ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, weights.Select(weight => KeyValuePair.Create(weight.Id, weight.Weight)));
}
