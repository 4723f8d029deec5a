using CsCheck;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Registry;

/// <summary>What the registry's property tests draw from: a small world of names, so that commands meet.</summary>
internal static class Gens
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly Gen<string> Service = Gen.Int[0, 1].Select(i => $"s{i}");
    public static readonly Gen<string> Id = Gen.Int[0, 4].Select(i => $"i{i}");
    public static readonly Gen<string> Node = Gen.Int[0, 2].Select(i => $"n{i}");
    public static readonly Gen<InstanceKey> Key = Gen.Select(Service, Id, (service, id) => new InstanceKey(service, id));
    public static readonly Gen<int> Weight = Gen.Int[0, 3].Select(i => new[] { 0, 1, 100, 10_000 }[i]);
    public static readonly Gen<HealthStatus> Health = Gen.Int[1, 3].Select(i => (HealthStatus)i);

    public static readonly Gen<Registration> Registration = Gen.Select(Gen.Int[0, 5], Weight, Gen.Int[0, 3], (port, weight, node) =>
        new Registration { Address = "10.0.0.1", Port = 8000 + port, Weight = weight, Node = node == 3 ? null : $"n{node}", Version = $"v{port % 2}" });

    public static readonly Gen<ServiceSettings> Settings = Gen.Select(Gen.Int[0, 100], Gen.Int[0, 3], Gen.Int[0, 100], Gen.Int[0, 4], (panic, min, percent, kind) => new ServiceSettings
    {
        PanicThreshold = panic,
        MinEligible = min,
        MinEligiblePercent = percent,
        Check = new() { Kind = kind == 4 ? CheckKind.None : CheckKind.Tcp },
    });

    private static readonly Gen<PlanSelection> Selection = Gen.OneOf(
        Service.Select(service => new PlanSelection { Service = service }),
        Node.Select(node => new PlanSelection { Node = node }),
        Key.Array[1, 4].Select(keys => new PlanSelection { Instances = [.. keys.Distinct()] }));

    private static readonly Gen<bool> Override = Gen.Int[0, 4].Select(i => i == 0);

    /// <summary>A step of any kind, by the hand that would take it.</summary>
    public static readonly Gen<Step> Step = Gen.Frequency(
        (6, Gen.Select(Key, Registration, (key, registration) => new Step(new RegisterInstance(key, registration), ActorKind.Service))),
        (2, Key.Select(key => new Step(new DeregisterInstance(key), ActorKind.Service))),
        (1, Gen.Select(Key, Override, (key, forced) => new Step(new DeregisterInstance(key) { Override = forced, Reason = "r" }, ActorKind.Operator))),
        (8, Gen.Select(Key, Health, (key, health) => new Step(new RecordHealth(key.Service, [new(key, new(health, Start, "seen", 3))]), ActorKind.System))),
        (2, Gen.Select(Service, Settings, (service, settings) => new Step(new PutService(service, settings), ActorKind.Operator))),
        (4, Gen.Select(Key, Weight, Override, (key, weight, forced) => new Step(
            new SetWeights(key.Service, System.Collections.Immutable.ImmutableSortedDictionary.CreateRange<string, int?>([KeyValuePair.Create<string, int?>(key.Id, weight)])) { Override = forced, Reason = "r" },
            ActorKind.Operator))),
        (5, Gen.Select(Key, Override, (key, forced) => new Step(new DrainInstance(key) { Override = forced, Reason = "r" }, ActorKind.Operator))),
        (4, Gen.Select(Key, Gen.Bool, (key, ramp) => new Step(new UndrainInstance(key, ramp ? 60 : null), ActorKind.Operator))),
        (2, Gen.Select(Key, Override, (key, forced) => new Step(new SetMaintenance(key) { Override = forced, Reason = "r" }, ActorKind.Operator))),
        (2, Gen.Select(Node, Override, (node, forced) => new Step(new DrainNode(node) { Override = forced, Reason = "r" }, ActorKind.Operator))),
        (2, Node.Select(node => new Step(new UndrainNode(node), ActorKind.Operator))),
        (1, Gen.Select(Key, Gen.Int[10, 100], (key, percent) => new Step(new StepRamp(key, percent), ActorKind.System))),
        (1, Key.Select(key => new Step(new RemoveInstances(key.Service, [key.Id], "silent"), ActorKind.System))),
        (1, Gen.Select(Service, Gen.Bool, (service, engage) => new Step(new SetBrake(service, engage ? new(Start, 3, 9) : null), ActorKind.System))),
        (1, Gen.Select(Service, Override, (service, forced) => new Step(new DeleteService(service) { Override = forced, Reason = "r" }, ActorKind.Operator))),
        (3, Gen.Int[0, 6].Select(back => new Step(null, ActorKind.Operator) { UndoBack = back })),
        (2, Gen.Select(Gen.Int[0, 6], Gen.Bool, (nth, forced) => new Step(null, ActorKind.System) { CompleteNth = nth, Forced = forced })),
        (2, Gen.Select(Selection, Gen.Int[0, 2], Gen.Int[1, 3], Override, (selection, kind, size, forced) => new Step(
            new StartPlan((PlanKind)kind, selection) { Pace = new() { WaveSize = size, WavePercent = 100 }, Override = forced, Reason = "r" },
            ActorKind.Operator))),
        (1, Gen.Select(Service, Override, (service, forced) => new Step(
            new StartPlan(PlanKind.WeightShift, new() { Service = service }) { Shift = new() { From = "v0", To = "v1" }, Override = forced, Reason = "r" },
            ActorKind.Operator))),
        (8, Gen.Int[0, 2].Select(nth => new Step(null, ActorKind.System) { Plan = (nth, PlanMove.Advance) })),
        (2, Gen.Select(Gen.Int[0, 2], Gen.Int[1, 5], Override, (nth, move, forced) => new Step(null, ActorKind.Operator) { Plan = (nth, (PlanMove)move), Forced = forced })));

    /// <summary>The start of a plan of any kind.</summary>
    public static readonly Gen<StartPlan> Plan = Gen.Select(Selection, Service, Gen.Int[0, 3], Gen.Int[1, 3], (selection, service, kind, size) => kind == 3
        ? new StartPlan(PlanKind.WeightShift, new() { Service = service }) { Shift = new() { From = "v0", To = "v1" }, Override = true, Reason = "r" }
        : new StartPlan((PlanKind)kind, selection) { Pace = new() { WaveSize = size, WavePercent = 100 }, Override = true, Reason = "r" });

    public static readonly Gen<Step[]> Steps = Step.Array[0, 60];
}

/// <summary>One command of a random history; undo and drain ends refer to what is there when their turn comes.</summary>
internal sealed record Step(RegistryCommand? Command, ActorKind Actor)
{
    public int? UndoBack { get; init; }

    public int? CompleteNth { get; init; }

    public bool Forced { get; init; }

    /// <summary>What happens to the n-th open plan.</summary>
    public (int Nth, PlanMove Move)? Plan { get; init; }

    // Short, because a failing history is printed as a whole.
    public override string ToString() => Command switch
    {
        null when Plan is { } plan => $"{plan.Move} plan {plan.Nth}{(Forced ? "!" : "")}",
        null => UndoBack is not null ? $"undo -{UndoBack}" : $"{(Forced ? "force" : "complete")} {CompleteNth}",
        RegisterInstance register => $"register {register.Target} :{register.Registration.Port} w{register.Registration.Weight} {register.Registration.Node}",
        RecordHealth health => $"health {health.Target} {health.Transitions[0].State.Status}",
        OperatorCommand { Override: true } => $"{Command.Action}! {Command.Target} by {Actor}",
        _ => $"{Command.Action} {Command.Target} by {Actor}",
    };
}

/// <summary>What can happen to an open plan.</summary>
internal enum PlanMove
{
    Advance,
    Pause,
    Resume,
    Cancel,
    RollBack,
    Balance,
}
