using Dashboard.Core.Feeds;
using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Health;

/// <summary>Drives the engine over a registry in memory, step by step in fake time, as the monitor's loop does. Probes answer at once what the test says.</summary>
internal sealed class EngineDriver
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);
    private static readonly Actor Health = Actor.System("health");

    private readonly TouchedInstances _touched = new();
    private FeedSubscription<RegistrySnapshot, RegistryUpdate> _changes;

    public EngineDriver(AllowedNetworks? allowed = null)
    {
        Time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { AutoAdvanceAmount = TimeSpan.Zero };
        Registry = new(Time);
        Board = new();
        _changes = Registry.Feed.Subscribe(int.MaxValue);
        Engine = new(Time, allowed ?? AllowedNetworks.Default(withLoopback: true), Board);
    }

    public JumpingTimeProvider Time { get; }

    public InMemoryRegistry Registry { get; }

    public HealthBoard Board { get; }

    public HealthEngine Engine { get; private set; }

    /// <summary>What a probe of an instance finds; null = it never ends.</summary>
    public Func<InstanceKey, CheckOutcome?> World { get; set; } = _ => CheckOutcome.Passing;

    /// <summary>When each instance was probed.</summary>
    public List<(InstanceKey Key, DateTimeOffset At)> Probed { get; } = [];

    public ServiceSnapshot Service(string name = "orders") => Registry.Current.Services[name];

    public HealthStatus StatusOf(string id, string service = "orders") => Registry.Current.FindInstance(new(service, id))!.HealthStatus;

    public void Put(ServiceSettings settings, string service = "orders") => Execute(new PutService(service, settings));

    public void Register(string id, string service = "orders", string? address = null, TimeSpan? ttl = null, int port = 0) => Execute(
        new RegisterInstance(new(service, id), new() { Address = address ?? "10.0.0.1", Port = port == 0 ? 1000 + Math.Abs(string.GetHashCode(id, StringComparison.Ordinal) % 60000) : port, Ttl = ttl }),
        new("self", ActorKind.Service));

    public void RegisterMany(int count, string service = "orders", TimeSpan? ttl = null)
    {
        for (var i = 0; i < count; i++)
        {
            Register($"i-{i:D3}", service, ttl: ttl, port: 1000 + i);
        }
    }

    public void Execute(RegistryCommand command, Actor? actor = null)
    {
        if (Registry.Execute(command, actor ?? new("ann", ActorKind.Operator)) is CommandResult.Refused refused)
        {
            throw new InvalidOperationException(refused.Refusal.Message);
        }
    }

    public void Beat(string id, CheckOutcome outcome = CheckOutcome.Passing, string output = "", string service = "orders")
    {
        Engine.Beat(new(service, id), new(outcome, output, Time.GetTimestamp()), Registry.Current);
        Turn();
    }

    /// <summary>The console stops and starts again: the registry stays, what was in memory is gone.</summary>
    public void Restart()
    {
        Engine = new(Time, AllowedNetworks.Default(withLoopback: true), Board);
        Engine.SyncAll(Registry.Current);
    }

    /// <summary>Lets time pass in steps of 10 ms.</summary>
    public void Run(TimeSpan duration, Action? eachStep = null)
    {
        for (var passed = TimeSpan.Zero; passed < duration; passed += Step)
        {
            Time.Advance(Step);
            eachStep?.Invoke();
            Turn();
        }
    }

    public void Run(double seconds) => Run(TimeSpan.FromSeconds(seconds));

    /// <summary>Lets time pass until the condition holds; returns how long that took.</summary>
    public TimeSpan RunUntil(Func<bool> condition, double atMostSeconds)
    {
        var passed = TimeSpan.Zero;
        while (!condition())
        {
            if (passed.TotalSeconds > atMostSeconds)
            {
                throw new TimeoutException($"Not within {atMostSeconds} s.");
            }

            Time.Advance(Step);
            passed += Step;
            Turn();
        }

        return passed;
    }

    /// <summary>One turn of the loop.</summary>
    public void Turn()
    {
        Follow();
        while (Engine.TryOrder(out var order))
        {
            Probed.Add((order.Target.Key, Time.GetUtcNow()));
            if (World(order.Target.Key) is { } outcome)
            {
                Engine.Complete(order, new(outcome, outcome == CheckOutcome.Critical ? "connection refused" : "connected", TimeSpan.FromMilliseconds(1)));
            }
        }

        foreach (var command in Engine.TakeTransitions(Registry.Current))
        {
            Registry.Execute(command, Health);
        }

        foreach (var command in Registry.Availability.IsAvailable ? Engine.TakeUpkeep(Registry.Current) : [])
        {
            if (Registry.Execute(command, Health) is CommandResult.Committed)
            {
                Engine.Done(command);
            }
        }
    }

    private void Follow()
    {
        while (_changes.TryRead(out var update))
        {
            _touched.Note([update!]);
        }

        if (_changes.End != FeedEnd.None)
        {
            _changes = Registry.Feed.Subscribe(int.MaxValue);
            _touched.NoteEverything();
        }

        _touched.Sync(Engine, Registry);
    }
}
