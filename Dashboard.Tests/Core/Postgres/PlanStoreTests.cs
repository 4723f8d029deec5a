using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>A plan is in the store as a whole: another console and the next start go on with it.</summary>
public sealed class PlanStoreTests(PostgresServer postgres)
{
    private static readonly string[] Ids = ["a", "b", "c", "d", "e", "f"];

    [Fact]
    public async Task A_plan_in_its_middle_survives_a_restart_and_is_followed_by_another_console()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await OpenAsync(database);
        await using var second = await OpenAsync(database);
        var id = await StartAsync(first);
        await first.CommitAsync(new AdvancePlan(id, 0, 0) { Baselines = [new("orders", 1000, 3, 12.5)] }, Actor.System("operations"));
        await first.CommitAsync(new AdvancePlan(id, 0, 1), Actor.System("operations"));
        await first.CommitAsync(new PausePlan(id, "because of the test"), Operator);

        await EventuallyAsync(() => second.Current.Revision == first.Current.Revision, "the other console follows");
        var told = Dump(first.Current);
        Assert.Equal(told, Dump(second.Current));
        await first.DisposeAsync();
        await using var third = await OpenAsync(database);
        Assert.Equal(told, Dump(third.Current));

        // It goes on where it was, and nobody does an act a second time.
        await third.CommitAsync(new ResumePlan(id), Operator);
        Assert.Null((await third.CommitAsync(new AdvancePlan(id, 0, 1), Actor.System("operations"))).Change);
        await third.CommitAsync(new AdvancePlan(id, 1, 0), Actor.System("operations"));
        await EventuallyAsync(() => second.Current.Revision == third.Current.Revision, "the other console follows");
        Assert.Null((await second.CommitAsync(new AdvancePlan(id, 1, 0), Actor.System("operations"))).Change);
        Assert.Equal((1, 1, PlanState.Running), (second.Current.Plans[id].Wave, second.Current.Plans[id].Position, second.Current.Plans[id].State));
        Assert.Equal(12.5, second.Current.Plans[id].Baselines.Single().P95Ms);
    }

    [Fact]
    public async Task A_plan_that_ended_is_found_with_what_was_asked_for_and_its_changes_are_small()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        var id = await StartAsync(registry);
        await registry.CommitAsync(new AdvancePlan(id, 0, 0), Actor.System("operations"));
        await registry.CommitAsync(new PausePlan(id, "errors rose"), Actor.System("operations"));
        await registry.CommitAsync(new RollBackPlan(registry.Current.Plans[id]) { Reason = "enough" }, Operator);

        await using var contexts = new RegistryDbContextFactory(new() { ConnectionString = database });
        var history = new PostgresChangeHistory(contexts);
        var found = await history.FindPlanAsync(id, Cancelled);
        Assert.Equal(PlanState.RolledBack, found!.State);
        Assert.Equal(["a", "b", "c"], found.Asked.Keys.Select(key => key.Id));
        Assert.Equal([id], (await history.RecentPlansAsync(10, Cancelled)).Select(plan => plan.Id));
        Assert.Null(await history.FindPlanAsync(id + 1000, Cancelled));
        Assert.Empty(registry.Current.Plans);

        // The definition is written with the change that opened the plan, and never again.
        Assert.Equal(1L, await QueryAsync(database, "select count(*) from change where after::text like '%\"waves\"%' or before::text like '%\"waves\"%'"));
        Assert.Null((await history.VerifyAsync(null, Cancelled)).BrokenAt);
        // Where a plan pauses is found with the services that it moves: their charts mark it.
        Assert.Contains("plan.pause", (await history.QueryAsync(new() { Service = "orders", Action = "plan.*" }, Cancelled)).Select(change => change.Action));
        var ofInstance = await history.QueryAsync(new() { Service = "orders", Instance = "c", Action = "plan.*" }, Cancelled);
        Assert.Equal(["plan.start"], ofInstance.Select(change => change.Action));
    }

    private static async Task<long> StartAsync(PostgresRegistry registry)
    {
        foreach (var id in Ids)
        {
            await registry.CommitAsync(Register("orders", id));
            await registry.CommitAsync(Probed("orders", id, HealthStatus.Healthy));
        }

        var started = await registry.CommitAsync(
            new StartPlan(PlanKind.Drain, new() { Instances = [new("orders", "a"), new("orders", "b"), new("orders", "c")] })
            {
                Pace = new() { WaveSize = 2, WavePercent = 100 },
                Act = new() { Deadline = TimeSpan.FromSeconds(90), AtDeadline = DeadlineAction.Force },
                Reason = "kernel update",
            },
            Operator);
        return started.Change!.Changes.OfType<PlanChange>().Single().Id;
    }
}
