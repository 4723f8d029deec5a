using System.Collections.Immutable;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Commands;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>Acknowledgements and silences are in the store and its log; what webhooks were told is beside them.</summary>
public sealed class AlertStoreTests(PostgresServer postgres)
{
    private static readonly Finding Unhealthy = new(new(AlertRule.InstanceUnhealthy, "orders/a"), "a is unhealthy", "", "/") { Service = "orders", Instance = "a", Node = "n1" };

    [Fact]
    public async Task Marks_survive_a_restart_are_seen_by_another_console_and_found_in_the_log()
    {
        var database = await postgres.CreateDatabaseAsync();
        var first = await OpenAsync(database);
        await using var second = await OpenAsync(database);
        var until = first.Current.At.AddDays(1);
        var acknowledged = (await first.CommitAsync(new AcknowledgeAlert(new(Unhealthy, AlertSeverity.Warning, AlertState.Firing, first.Current.At), until) { Reason = "on it" }, Operator)).Revision;
        var silenced = (await first.CommitAsync(new SilenceAlerts(new(Rule: "shareAstray", Node: "n1"), until) { Reason = "new kernel" }, Operator)).Revision;
        var ended = (await second.CommitAsync(new SilenceAlerts(new(Service: "cart"), until) { Reason = "short" }, Operator)).Revision;
        await second.CommitAsync(new EndAlertMark(ended), Operator);

        await EventuallyAsync(() => first.Current.Revision == second.Current.Revision, "the other console follows");
        var told = first.Current.AlertMarks;
        Assert.Equal([acknowledged, silenced], told.Keys.Order());
        Assert.Equal(told.OrderBy(mark => mark.Key), second.Current.AlertMarks.OrderBy(mark => mark.Key));
        await first.DisposeAsync();
        await using var third = await OpenAsync(database);
        Assert.Equal(told.OrderBy(mark => mark.Key), third.Current.AlertMarks.OrderBy(mark => mark.Key));

        await using var contexts = new RegistryDbContextFactory(new() { ConnectionString = database });
        var history = new PostgresChangeHistory(contexts);
        Assert.Null((await history.VerifyAsync(null, Cancelled)).BrokenAt);
        Assert.Equal(["alert.acknowledge"], (await history.QueryAsync(new() { Service = "orders", Instance = "a" }, Cancelled)).Select(change => change.Action));
        Assert.Equal(["alert.silence", "alert.acknowledge"], (await history.QueryAsync(new() { Node = "n1" }, Cancelled)).Select(change => change.Action));
        var found = await history.FindAsync(silenced, Cancelled);
        Assert.Equal(told[silenced], Assert.IsType<AlertMarkChange>(Assert.Single(found!.Changes)).After);
    }

    [Fact]
    public async Task Notices_are_kept_by_webhook_until_the_alert_ended()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var registry = await OpenAsync(database);
        await using var store = new PostgresNoticeStore(new() { ConnectionString = database });
        var start = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var (a, b) = (Notice("a", start), Notice("b", start));

        await store.WriteAsync("pager", [a, b], Cancelled);
        await store.WriteAsync("chat", [a], Cancelled);
        Assert.Equal([a, b], (await store.ReadAsync("pager", Cancelled)).OrderBy(notice => notice.Fingerprint));
        await store.WriteAsync("pager", [a with { EndsAt = start.AddMinutes(1) }, b with { Summary = "newer" }], Cancelled);

        Assert.Equal(["newer"], (await store.ReadAsync("pager", Cancelled)).Select(notice => notice.Summary));
        Assert.Equal([a], await store.ReadAsync("chat", Cancelled));
        Assert.Empty(await store.ReadAsync("nobody", Cancelled));
    }

    private static AlertNotice Notice(string id, DateTimeOffset start) => new(id, "storeAway", AlertSeverity.Critical, "registry:", null, null, null, "away", "\"quoted\" – and more", "/", start, null);
}
