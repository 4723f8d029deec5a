using System.Text.Json;
using Dashboard.Core.Attention;
using Dashboard.Core.History;
using Dashboard.Core.Traffic;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Lines of the past, with marks of the changes.</summary>
internal static class HistoryEndpoints
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);
    private static readonly TimeSpan DefaultSpan = TimeSpan.FromMinutes(15);

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/history").WithTags("History");
        group.MapGet("", SpanAsync).WithSummary("How far back the past is known, and what changed in it")
            .Query("from", "Marks from this moment; default 15 minutes before to").Query("to", "To this moment; default now").Produces<HistorySpanDocument>().Faults(503);
        group.MapGet("/{service}", LineAsync).WithSummary("A service's traffic as a line of points, with marks of its changes")
            .Query("from", "Default 15 minutes before to").Query("to", "Default now").Query("step", "1s to 1d; under 60s traffic of the last 15 minutes alone is known; default the shortest that gives at most 600 points")
            .Query("instance", "One instance of it").Query("source", "Only calls from this service, or from external; not together with instance").Produces<HistoryDocument>().Faults(503);
    }

    private static async Task<IResult> SpanAsync(HttpContext http, MeshHistory history, AttentionBoard attention, TimeProvider time)
    {
        var input = RequestInput.Without(http);
        var now = time.GetUtcNow();
        var (from, to) = Between(input, now);
        if (input.Problem is { } problem)
            return problem;

        var notable = await history.NotableAsync(from, to, http.RequestAborted);
        return Results.Ok(new HistorySpanDocument(
            await history.OldestAsync(http.RequestAborted), await history.OldestTrafficAsync(http.RequestAborted), now,
            WithAlerts(notable.Marks, attention, null, from, to), notable.UnaskedSince));
    }

    private static async Task<IResult> LineAsync(HttpContext http, MeshHistory history, AttentionBoard attention, TimeProvider time)
    {
        var input = RequestInput.Without(http);
        var now = time.GetUtcNow();
        var service = input.Service();
        var instance = input.Query("instance", Formats.InstanceId);
        var source = input.Query("source", Formats.Service);
        if (instance is not null && source is not null)
            input.Fault("query.source", "cannot be asked for together with instance: calls are counted for the whole service");
        var (from, to) = Between(input, now);
        var step = input.QueryDuration("step", TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)) ?? StepFor(from, to, now);
        if (step.Ticks % TimeSpan.TicksPerSecond != 0 || (step > TimeSpan.FromMinutes(1) && step.Ticks % TimeSpan.TicksPerMinute != 0))
            input.Fault("query.step", "must be whole seconds, and above 60s whole minutes");
        if ((to - from) / step > MeshHistory.MostPoints)
            input.Fault("query.step", $"gives more than {MeshHistory.MostPoints} points from from to to; at least {Math.Ceiling((to - from).TotalSeconds / MeshHistory.MostPoints / 60) * 60:0}s is needed");
        if (input.Problem is { } problem)
            return problem;

        var points = await history.LineAsync(service, instance, from, to, step, http.RequestAborted, source);
        var marks = await history.MarksAsync(service, from, to, http.RequestAborted);
        return Results.Ok(new HistoryDocument(
            service, instance, source, from, to, (int)step.TotalSeconds,
            [.. points.Select(point => new HistoryPointDocument(point.At, point.Rps, point.ErrorRate, point.P50Ms, point.P95Ms, point.P99Ms))],
            WithAlerts(marks, attention, service, from, to)));
    }

    private static (DateTimeOffset From, DateTimeOffset To) Between(RequestInput input, DateTimeOffset now)
    {
        var to = input.QueryTime("to") ?? now;
        var from = input.QueryTime("from") ?? to - DefaultSpan;
        if (to > now.AddMinutes(1))
            input.Fault("query.to", "has not come yet");
        if (from >= to)
            input.Fault("query.from", "must be before to");
        else if (to - from > Longest)
            input.Fault("query.from", $"must be at most {Longest.TotalDays:0} days before to");
        return (from, to);
    }

    private static TimeSpan StepFor(DateTimeOffset from, DateTimeOffset to, DateTimeOffset now)
    {
        const int Wanted = 600;
        if (from >= TrafficStore.Reach(now))
            return TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling((to - from).TotalSeconds / Wanted)));

        return TimeSpan.FromMinutes(Math.Clamp(Math.Ceiling((to - from).TotalMinutes / Wanted), 1, 1440));
    }

    // Alerts are no part of the log: those are told that fire or were lately resolved.
    private static IReadOnlyList<HistoryMarkDocument> WithAlerts(IEnumerable<ChangeMark> marks, AttentionBoard attention, string? service, DateTimeOffset from, DateTimeOffset to) =>
    [
        .. marks.Select(Describe)
            .Concat(attention.Feed.Current.Alerts.Where(alert => alert.FiringSince > from && alert.FiringSince <= to && (service is null || alert.Finding.Service == service))
                .Select(alert => new HistoryMarkDocument(0, alert.FiringSince!.Value, NameOf(MarkKind.Alert), "alert", alert.Finding.Name, "console", alert.Finding.Summary)))
            .OrderBy(mark => mark.At),
    ];

    private static HistoryMarkDocument Describe(ChangeMark mark) => new(mark.Revision, mark.At, NameOf(mark.Kind), mark.Action, mark.Target, mark.Actor, mark.Reason);

    private static string NameOf(MarkKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());
}
