using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Operations;

/// <summary>A registry, followers that acknowledge and report as told, and the life of operations on a clock that only the test moves.</summary>
internal sealed class OperationRig : IAsyncDisposable
{
    public static readonly Actor Operator = new("ada", ActorKind.Operator);

    private readonly List<FakeFollower> _followers = [];
    private RegistryServingSource _source = null!;
    private OperationService _service = null!;
    private OperatorDesk _desk = null!;

    public OperationRig()
    {
        Registry = new(Time);
        Restart();
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public InMemoryRegistry Registry { get; }

    public FollowerTable Followers { get; private set; } = null!;

    public TrafficStore Traffic { get; private set; } = null!;

    public OperationTracker Tracker { get; private set; } = null!;

    public PlanTracker Plans { get; private set; } = null!;

    public RegistrySnapshot Current => Registry.Current;

    /// <summary>Everything that is only in memory starts anew, as after a restart of the console.</summary>
    public void Restart()
    {
        _source?.Dispose();
        _service?.Dispose();
        _followers.Clear();
        Followers = new(Time);
        Traffic = new(Time);
        _source = new(Registry, new());
        _source.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        Tracker = new(Registry, _source, Followers, Traffic, Time);
        _desk = new(Registry, Followers, new(Followers, new TrafficRates(Traffic), Time), Time);
        Plans = new(Registry, Tracker, Traffic, Time);
        _service = new(Registry, Tracker, Plans, new(Time), _desk, Followers, Time, NullLogger<OperationService>.Instance);
    }

    /// <summary>A service with healthy instances <c>{service}-1..n</c> on nodes n1, n2...</summary>
    public void Seed(string service, int instances, ServiceSettings? settings = null)
    {
        Do(new PutService(service, settings ?? ServiceSettings.Default));
        for (var number = 1; number <= instances; number++)
            Register(service, $"{service}-{number}", $"n{number}");
    }

    public void Register(string service, string id, string node)
    {
        var key = new InstanceKey(service, id);
        Do(new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 8000 + Current.InstanceCount, Node = node }));
        Do(new RecordHealth(service, [new(key, new(HealthStatus.Healthy, Time.GetUtcNow(), "ok", 2))]));
    }

    public void Do(RegistryCommand command) => Assert.IsType<CommandResult.Committed>(Registry.Execute(command, Actor.System("test")));

    /// <summary>An operator's act; gives the operation that it opened.</summary>
    public async Task<long> ActAsync(RegistryCommand command)
    {
        var result = await _desk.ExecuteAsync(command, Operator, CancellationToken.None);
        var committed = result as CommandResult.Committed ?? throw new InvalidOperationException(result.ToString());
        await RoundAsync();
        return committed.Operation!.Value;
    }

    /// <summary>An operator's act as it comes in, whatever its answer.</summary>
    public ValueTask<CommandResult> ExecuteAsync(RegistryCommand command) => _desk.ExecuteAsync(command, Operator, CancellationToken.None);

    /// <summary>Starts a plan; gives its id.</summary>
    public async Task<long> StartAsync(StartPlan plan)
    {
        var result = await _desk.ExecuteAsync(plan, Operator, CancellationToken.None);
        var committed = result as CommandResult.Committed ?? throw new InvalidOperationException(result.ToString());
        await RoundAsync();
        return committed.Change!.Changes.OfType<PlanChange>().Single().Id;
    }

    /// <summary>An operator steers a plan.</summary>
    public async Task SteerAsync(RegistryCommand command)
    {
        Assert.IsType<CommandResult.Committed>(await _desk.ExecuteAsync(command, Operator, CancellationToken.None));
        await RoundAsync();
    }

    public OperationPreview Preview(RegistryCommand command) => _desk.Preview(command, Operator);

    public PlanView Plan(long id) => Plans.Feed.Current.Find(id) ?? throw new InvalidOperationException($"Plan {id} is not on the board.");

    public FakeFollower Follow(string id, bool reports = true)
    {
        var follower = new FakeFollower(id, reports);
        _followers.Add(follower);
        Followers.Seen(id, FollowerKind.Gateway, null, null, reports);
        Speak(follower);
        return follower;
    }

    /// <summary>Second by second: every follower that speaks acknowledges and reports, then the console looks.</summary>
    public async Task AdvanceAsync(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            foreach (var follower in _followers)
                Speak(follower);

            await RoundAsync();
        }
    }

    /// <summary>The console looks once, at everything that was committed.</summary>
    public async Task RoundAsync()
    {
        await Eventually.TrueAsync(
            () => _source.Feed.Current.Generation == Current.Generation && _source.Feed.Current.Revision == Current.Revision,
            TimeSpan.FromSeconds(60),
            "the catalog follows",
            TestContext.Current.CancellationToken);
        foreach (var change in Registry.History)
        {
            Tracker.Note(new(Current, Current, [change], []));
            Plans.Note(new(Current, Current, [change], []));
        }

        await _service.RoundAsync(TestContext.Current.CancellationToken);
    }

    public OperationView View(long id) => Tracker.Feed.Current.Find(id) ?? throw new InvalidOperationException($"Operation {id} is not on the board.");

    public OperationStage Stage(long id, StageKind kind) => View(id).Stages.Single(stage => stage.Kind == kind);

    public Operation? Open(long id) => Current.Operations.GetValueOrDefault(id);

    public IntentKind IntentOf(string service, string id) => Current.OperatorStateOf(new(service, id)).Intent.Kind;

    public ValueTask DisposeAsync()
    {
        _source.Dispose();
        _service.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Speak(FakeFollower follower)
    {
        if (!follower.Speaks)
            return;

        Followers.Seen(follower.Id, FollowerKind.Gateway, null, null, follower.Reports);
        if (follower.Acknowledges)
            Followers.Acknowledge(follower.Id, Current.Generation, Current.Revision);

        if (!follower.Reports)
            return;

        Traffic.Accept(new()
        {
            Reporter = follower.Id,
            Session = follower.Session,
            Sequence = ++follower.Sequence,
            Period = TimeSpan.FromSeconds(1),
            Rows = [.. follower.Rps.Where(rate => !follower.SendsOnlyToServing || Current.Services[rate.Key.Service].Serving.Endpoints.Any(endpoint => endpoint.Id == rate.Key.Id)).Select(rate => new TrafficRow(
                TrafficSource.External, rate.Key.Service, rate.Key.Id, rate.Value, rate.Value, follower.Failures.GetValueOrDefault(rate.Key), follower.LatencyOf(rate.Key, rate.Value)))],
            InFlight = [.. follower.InFlight.Select(open => new InFlightRow(open.Key.Service, open.Key.Id, open.Value.Requests, open.Value.LongLived))],
        });
        Followers.Reported(follower.Id);
    }
}

/// <summary>A data plane that does as the test says.</summary>
internal sealed class FakeFollower(string id, bool reports)
{
    public string Id { get; } = id;

    public bool Reports { get; } = reports;

    public Guid Session { get; } = Guid.NewGuid();

    public long Sequence { get; set; }

    /// <summary>False: it is silent, as if its network were cut.</summary>
    public bool Speaks { get; set; } = true;

    public bool Acknowledges { get; set; } = true;

    /// <summary>It does as it is told: <see cref="Rps"/> of an instance that does not serve stays out.</summary>
    public bool SendsOnlyToServing { get; set; }

    /// <summary>New requests per second.</summary>
    public Dictionary<InstanceKey, int> Rps { get; } = [];

    /// <summary>Of the new requests, so many fail.</summary>
    public Dictionary<InstanceKey, int> Failures { get; } = [];

    /// <summary>How long requests take, in milliseconds; none = not measured.</summary>
    public Dictionary<InstanceKey, int[]> Latencies { get; } = [];

    /// <summary>What is open; requests include the long-lived.</summary>
    public Dictionary<InstanceKey, (int Requests, int LongLived)> InFlight { get; } = [];

    internal LatencyHistogram LatencyOf(InstanceKey key, int requests) => Latencies.TryGetValue(key, out var pattern)
        ? LatencyHistogram.Of(Enumerable.Range(0, requests).Select(number => TimeSpan.FromMilliseconds(pattern[number % pattern.Length])))
        : LatencyHistogram.Empty;
}
