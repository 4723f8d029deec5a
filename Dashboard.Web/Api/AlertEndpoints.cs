using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Commands;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>What needs attention, and who says that they know.</summary>
internal static class AlertEndpoints
{
    private const double MonthSeconds = 30 * 86400;

    public static void Map(IEndpointRouteBuilder api)
    {
        var alerts = api.MapGroup("/alerts").WithTags("Alerts");
        alerts.MapGet("", List).WithSummary("What needs attention: pending, firing and lately resolved alerts")
            .Query("state", "pending, firing or resolved").Query("severity", "warning or critical").Query("rule", "Only alerts of this rule").Query("service", "Only alerts about this service")
            .Query("loud", "true: only those that are neither acknowledged nor silenced").Produces<AlertListDocument>().Faults();
        alerts.MapPost("/{id}/acknowledge", AcknowledgeAsync).WithSummary("Say that you look after an alert: it stops asking until it is resolved or the time is over (audited)")
            .Takes<AcknowledgeRequest>().Produces<MarkDocument>().Faults(404, 409, 413, 503);
        alerts.MapDelete("/{id}/acknowledge", UnacknowledgeAsync).WithSummary("Take an acknowledgement back (audited)").Produces<ChangedDocument>().Faults(404, 409, 413, 503);

        var silences = api.MapGroup("/silences").WithTags("Alerts");
        silences.MapGet("", ListSilences).WithSummary("Silences that hold").Produces<SilenceListDocument>().Faults();
        silences.MapPost("", SilenceAsync).WithSummary("Hear nothing of some alerts for a while, those to come among them (audited)")
            .Takes<SilenceRequest>(required: true).Produces<MarkDocument>(201).Faults(409, 413, 503);
        silences.MapDelete("/{id}", EndAsync).WithSummary("End a silence (audited)").Produces<ChangedDocument>().Faults(404, 409, 413, 503);
    }

    private static IResult List(HttpContext http, AttentionBoard attention, WebhookBoard webhooks)
    {
        var input = RequestInput.Without(http);
        var state = input.QueryChoice<AlertState>("state");
        var severity = input.QueryChoice<AlertSeverity>("severity");
        var rule = input.QueryChoice<AlertRule>("rule");
        var service = input.Query("service", Formats.Service);
        var loud = input.QueryFlag("loud");
        if (input.Problem is { } problem)
            return problem;

        var board = attention.Feed.Current;
        return Results.Ok(AlertListDocument.From(
            board,
            board.Alerts.Where(alert => (state is null || alert.State == state) && (severity is null || alert.Severity == severity) && (rule is null || alert.Key.Rule == rule)
                && (service is null || alert.Finding.Service == service) && (!loud || alert.IsLoud)),
            webhooks.Feed.Current));
    }

    private static async Task<IResult> AcknowledgeAsync(HttpContext http, AttentionBoard attention, IRegistry registry, Answers answers, TimeProvider time)
    {
        var input = await RequestInput.ReadAsync(http);
        var id = input.Route("id", AlertId);
        var until = Until(input.Body, time, required: false);
        var reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        if (input.Problem is { } problem)
            return problem;

        var board = attention.Feed.Current;
        if (board.Find(id) is not { } alert)
            return Problems.NotFound($"There is no alert {id}.");

        if (alert.State == AlertState.Resolved)
            return Problems.Refused(new(RefusalKind.Conflict, "It is resolved already.", new Dictionary<string, object?> { ["resolvedAt"] = alert.ResolvedAt }), registry.Current.Revision);

        return await answers.ChangeAsync(http, new AcknowledgeAlert(alert, until) { Reason = reason }, input.Actor(ActorKind.Operator), committed => Results.Ok(Made(committed)));
    }

    private static async Task<IResult> UnacknowledgeAsync(HttpContext http, IRegistry registry, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var id = input.Route("id", AlertId);
        var reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        if (input.Problem is { } problem)
            return problem;

        return registry.Current.AlertMarks.Values.FirstOrDefault(mark => mark is { Kind: AlertMarkKind.Acknowledgement, Match.Alert: { } name } && AlertKey.FingerprintOf(name) == id) is { } known
            ? await answers.ChangeAsync(http, new EndAlertMark(known.Id) { Reason = reason }, input.Actor(ActorKind.Operator))
            : Problems.NotFound($"Nobody has acknowledged an alert {id}.");
    }

    private static IResult ListSilences(HttpContext http, IRegistry registry, TimeProvider time) => RequestInput.Without(http).Problem ?? Results.Ok(new SilenceListDocument(
        [.. registry.Current.AlertMarks.Values.Where(mark => mark.Kind == AlertMarkKind.Silence && mark.Until > time.GetUtcNow()).OrderBy(mark => mark.Until).Select(mark => MarkDocument.From(mark)!)]));

    private static async Task<IResult> SilenceAsync(HttpContext http, Answers answers, TimeProvider time)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        var body = input.Body;
        body.Require("reason");
        var match = new AlertMatch(
            body.Choice<AlertRule>("rule") is { } rule ? AlertKey.NameOf(rule) : null,
            body.Text("service", 127, Formats.Service),
            body.Text("instance", 128, Formats.InstanceId),
            body.Text("node", 253, Formats.Node));
        if (body.IsObject && !new[] { "rule", "service", "instance", "node" }.Any(body.Has))
            input.Fault("", "names nothing to silence: give a rule, a service, an instance or a node");

        var until = Until(body, time, required: true);
        var reason = body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        if (input.Problem is { } problem)
            return problem;

        return await answers.ChangeAsync(http, new SilenceAlerts(match, until!.Value) { Reason = reason }, input.Actor(ActorKind.Operator), committed =>
        {
            var silence = Made(committed);
            return Results.Created($"/api/v1/silences/{silence.Id}", silence);
        });
    }

    private static async Task<IResult> EndAsync(HttpContext http, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var id = input.Number("id");
        var reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        return input.Problem ?? await answers.ChangeAsync(http, new EndAlertMark(id) { Reason = reason }, input.Actor(ActorKind.Operator));
    }

    private static DateTimeOffset? Until(FieldReader body, TimeProvider time, bool required)
    {
        var seconds = body.Seconds("forSeconds", 1, MonthSeconds);
        var until = body.Time("until");
        if (body.Has("forSeconds") && body.Has("until"))
            body.Fault("forSeconds", "excludes until");
        else if (required && body.IsObject && !body.Has("forSeconds") && !body.Has("until"))
            body.Fault("forSeconds", "is required, or until");
        else if (until is { } end && (end <= time.GetUtcNow() || end > time.GetUtcNow() + TimeSpan.FromSeconds(MonthSeconds)))
            body.Fault("until", "must be in the future and at most 30 days ahead");

        return seconds is { } lasts ? time.GetUtcNow() + lasts : until;
    }

    private static MarkDocument Made(CommandResult.Committed committed) => MarkDocument.From(committed.Change!.Changes.OfType<AlertMarkChange>().Last().After)!;

    private static string? AlertId(string text) => text.Length == 16 && text.All(char.IsAsciiHexDigitLower) ? null : "must be an alert's id: 16 hexadecimal digits";
}
