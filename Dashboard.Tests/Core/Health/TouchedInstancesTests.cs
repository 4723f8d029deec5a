using CsCheck;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dashboard.Tests.Core.Health;

public sealed class TouchedInstancesTests
{
    private static readonly Actor Someone = new("ann", ActorKind.Operator);
    private static readonly Gen<InstanceKey> AnyKey = Gen.Select(Gen.Int[0, 1], Gen.Int[0, 4], (service, id) => new InstanceKey($"s-{service}", $"i-{id}"));

    private static readonly Gen<RegistryCommand> AnyCommand = Gen.Select(AnyKey, Gen.Int[0, 11], Gen.Int[0, 3], Gen.Enum<HealthStatus>(), (key, what, variant, health) => (RegistryCommand)(what switch
    {
        < 4 => new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 8000 + 10 * variant + key.Id[^1], Node = variant == 0 ? null : $"n-{variant % 2}" }),
        < 6 => new RecordHealth(key.Service, [new(key, new(health, DateTimeOffset.UnixEpoch, null, 1))]),
        6 => new DeregisterInstance(key) { Override = true, Reason = "test" },
        7 => new DrainInstance(key) { Override = true, Reason = "test" },
        8 => new UndrainInstance(key) { Reason = "test" },
        9 => new DeleteService(key.Service) { Override = true, Reason = "test" },
        10 => variant < 2 ? new DrainNode($"n-{variant}") { Override = true, Reason = "test" } : new UndrainNode($"n-{variant % 2}") { Reason = "test" },
        _ => new PutService(key.Service, ServiceSettings.Default with { Check = new() { Kind = variant == 0 ? CheckKind.None : CheckKind.Tcp, Fall = 1 + variant } }),
    }));

    [Fact]
    public void Following_what_was_touched_comes_to_what_a_look_at_everything_comes_to() =>
        Gen.Select(AnyCommand.Array[0, 5], Gen.Bool, Gen.Int[0, 8]).Array[1, 25].Sample(
            steps =>
            {
                var time = new FakeTimeProvider();
                var registry = new InMemoryRegistry(time);
                using var changes = registry.Feed.Subscribe();
                var touched = new TouchedInstances();
                var (following, looking) = (new Watcher(time), new Watcher(time));
                foreach (var (commands, overlay, mood) in steps)
                {
                    foreach (var command in commands)
                    {
                        if (overlay && command is RecordHealth)
                            registry.TakeAway();
                        registry.Execute(command, Someone);
                    }

                    // What the feed has not told of yet is in the registry all the same, and told of later.
                    if (changes.TryRead(out var first))
                        touched.Note([first!]);
                    touched.Sync(following.Engine, registry);
                    looking.Engine.SyncAll(registry.Current);
                    registry.BringBack();
                    while (changes.TryRead(out var update))
                        touched.Note([update!]);
                    touched.Sync(following.Engine, registry);
                    looking.Engine.SyncAll(registry.Current);

                    time.Advance(TimeSpan.FromMilliseconds(300));
                    Assert.Equal(looking.Probe(mood), following.Probe(mood));
                    Assert.Equal((looking.Engine.Count, looking.Engine.NextDue), (following.Engine.Count, following.Engine.NextDue));
                    foreach (var instance in registry.Current.Services.Values.SelectMany(service => service.Instances.Values))
                        Assert.Equal(looking.Board.Find(instance.Key), following.Board.Find(instance.Key));

                    var due = looking.Engine.TakeTransitions(registry.Current);
                    Assert.Equal(Names(due), Names(following.Engine.TakeTransitions(registry.Current)));
                    Assert.Equal(looking.Engine.TakeUpkeep(registry.Current).Select(command => command.ToString()), following.Engine.TakeUpkeep(registry.Current).Select(command => command.ToString()));
                    foreach (var command in due)
                        registry.Execute(command, Actor.System("health"));
                }
            });

    [Fact]
    public void More_instances_than_are_kept_by_name_are_looked_at_all_the_same()
    {
        var time = new FakeTimeProvider();
        var registry = new InMemoryRegistry(time);
        using var changes = registry.Feed.Subscribe(4096);
        var touched = new TouchedInstances();
        var watcher = new Watcher(time);
        // A service that is known already: of one that is not, all is looked at anyway.
        registry.Execute(new RegisterInstance(new("s", "first"), new() { Address = "10.0.0.2", Port = 1 }), Someone);
        watcher.Engine.SyncAll(registry.Current);
        for (var i = 0; i < 1500; i++)
            registry.Execute(new RegisterInstance(new("s", $"i-{i}"), new() { Address = "10.0.0.1", Port = 1 + i }), Someone);
        while (changes.TryRead(out var update))
            touched.Note([update!]);

        touched.Sync(watcher.Engine, registry);

        Assert.Equal(1501, watcher.Engine.Count);
    }

    [Fact]
    public void What_is_seen_without_the_store_is_followed_and_taken_back_with_whatever_change_ends_it()
    {
        var time = new FakeTimeProvider();
        var registry = new InMemoryRegistry(time);
        registry.Execute(new RegisterInstance(new("s", "i-0"), new() { Address = "10.0.0.1", Port = 1 }), Someone);
        registry.Execute(new RegisterInstance(new("other", "i-0"), new() { Address = "10.0.0.1", Port = 2 }), Someone);
        var touched = new TouchedInstances();
        var mirror = new Watcher(time);
        mirror.Engine.Own(Ownership.None);
        mirror.Engine.SyncAll(registry.Current);
        var committed = registry.Current;
        var seen = committed.ApplyOverlay([new HealthChange(new("s", "i-0"), null, new(HealthStatus.Unhealthy, DateTimeOffset.UnixEpoch, "silent", 1))]);

        registry.Restore(seen);
        touched.Note([new(committed, seen, [], ["s"])]);
        touched.Sync(mirror.Engine, registry);
        Assert.Equal(HealthStatus.Unhealthy, mirror.Board.Find(new("s", "i-0"))!.Verdict);

        // The change itself is of another service.
        registry.Restore(committed);
        var change = registry.Write(Someone, "test", "other/i-0", new HealthChange(new("other", "i-0"), null, new(HealthStatus.Healthy, DateTimeOffset.UnixEpoch, null, 1)));
        touched.Note([new(seen, registry.Current, [change], ["s", "other"])]);
        touched.Sync(mirror.Engine, registry);
        Assert.Equal((HealthStatus.Unknown, HealthStatus.Healthy), (mirror.Board.Find(new("s", "i-0"))!.Verdict, mirror.Board.Find(new("other", "i-0"))!.Verdict));

        // And one that begins it.
        var before = registry.Current;
        change = registry.Write(Someone, "test", "other/i-0", new HealthChange(new("other", "i-0"), null, new(HealthStatus.Degraded, DateTimeOffset.UnixEpoch, null, 1)));
        var after = registry.Current.ApplyOverlay([new HealthChange(new("s", "i-0"), null, new(HealthStatus.Unhealthy, DateTimeOffset.UnixEpoch, "silent", 1))]);
        registry.Restore(after);
        touched.Note([new(before, after, [change], ["s", "other"])]);
        touched.Sync(mirror.Engine, registry);
        Assert.Equal((HealthStatus.Unhealthy, HealthStatus.Degraded), (mirror.Board.Find(new("s", "i-0"))!.Verdict, mirror.Board.Find(new("other", "i-0"))!.Verdict));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_an_operator_took_out_by_itself_or_with_its_host_is_not_lost_when_it_falls_silent(bool host)
    {
        var driver = new EngineDriver();
        driver.Put(ServiceSettings.Default with { Check = new() { Kind = CheckKind.Ttl } });
        string[] leaving = ["i-0", "i-1", "i-2", "i-3"];
        string[] staying = ["i-4", "i-5", "i-6", "i-7"];
        foreach (var id in leaving.Concat(staying))
            driver.Execute(new RegisterInstance(new("orders", id), new() { Address = "10.0.0.1", Port = 1000 + id[^1], Node = leaving.Contains(id) ? "n-1" : "n-2", Ttl = TimeSpan.FromSeconds(5) }), Someone);
        Beat([.. leaving, .. staying]);

        RegistryCommand[] acts = host ? [new DrainNode("n-1") { Override = true, Reason = "test" }] : [.. leaving.Select(id => new DrainInstance(new("orders", id)) { Override = true, Reason = "test" })];
        foreach (var act in acts)
            driver.Execute(act);
        BeatFor(7, staying);
        Assert.All(leaving, id => Assert.Equal(HealthStatus.Unhealthy, driver.StatusOf(id)));
        Assert.Null(driver.Service().Brake);

        // And is when it is among the others again.
        acts = host ? [new UndrainNode("n-1") { Reason = "test" }] : [.. leaving.Select(id => new UndrainInstance(new("orders", id)) { Reason = "test" })];
        foreach (var act in acts)
            driver.Execute(act);
        Beat([.. leaving, .. staying]);
        Assert.All(leaving, id => Assert.Equal(HealthStatus.Healthy, driver.StatusOf(id)));
        BeatFor(7, staying);
        Assert.NotNull(driver.Service().Brake);

        void Beat(params string[] ids)
        {
            driver.Turn();
            foreach (var id in ids)
                driver.Beat(id);
        }

        void BeatFor(int seconds, string[] ids)
        {
            for (var second = 0; second < seconds; second++)
            {
                driver.Run(1);
                Beat(ids);
            }
        }
    }

    [Fact]
    public void What_no_list_of_changes_leads_to_is_looked_at_as_a_whole()
    {
        var time = new FakeTimeProvider();
        var registry = new InMemoryRegistry(time);
        var touched = new TouchedInstances();
        var watcher = new Watcher(time);
        registry.Execute(new RegisterInstance(new("s", "i-0"), new() { Address = "10.0.0.1", Port = 1 }), Someone);
        touched.Sync(watcher.Engine, registry);
        Assert.Equal(0, watcher.Engine.Count);

        touched.NoteEverything();
        touched.Sync(watcher.Engine, registry);

        Assert.Equal(1, watcher.Engine.Count);
    }

    private static IEnumerable<string> Names(IEnumerable<RecordHealth> due) =>
        due.SelectMany(command => command.Transitions).Select(transition => $"{transition.Key} {transition.State.Status}").Order(StringComparer.Ordinal);

    private sealed class Watcher(TimeProvider time)
    {
        public HealthBoard Board { get; } = new();

        public HealthEngine Engine => field ??= new(time, AllowedNetworks.Default(withLoopback: true), Board);

        /// <summary>Carries out what is due; who passes is the same for all that share a mood.</summary>
        public string[] Probe(int mood)
        {
            var probed = new List<string>();
            while (Engine.TryOrder(out var order))
            {
                probed.Add(order.Target.Key.ToString());
                Engine.Complete(order, new((order.Target.Key.Id[^1] + mood) % 3 == 0 ? CheckOutcome.Critical : CheckOutcome.Passing, "", TimeSpan.Zero));
            }

            return [.. probed.Order(StringComparer.Ordinal)];
        }
    }
}
