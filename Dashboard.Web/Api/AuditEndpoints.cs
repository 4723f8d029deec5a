using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>The change log, and undo.</summary>
internal static class AuditEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/audit").WithTags("Audit");
        Filters(group.MapGet("", ListAsync).WithSummary("Changes, newest first")).Query("limit", "1-1000, default 100").Produces<AuditDocument>().Faults(503);
        Filters(group.MapGet("/export", ExportAsync).WithSummary("Changes as a file, newest first: a table or a line of JSON each"))
            .WithDescription("Streamed, with the same filters. In the table a cell that a spreadsheet would take for a formula begins with an apostrophe. A download that ends without error is whole.")
            .Query("format", "csv or jsonl").Query("limit", "At most so many; left out = all")
            .Produces<string>(200, "text/csv", "application/x-ndjson").Faults(503);
        group.MapGet("/verify", VerifyAsync).WithSummary("Walk the log's hash chain and name the first broken row; answers when it is done").Produces<VerificationDocument>().Faults(503);
        group.MapGet("/{revision}", GetAsync).WithSummary("One change").Produces<ChangeDocument>().Faults(404, 503);
        group.MapPost("/{revision}/undo", UndoAsync).WithSummary("Do the opposite of a change of weights, intents or settings (guarded); of the start of a plan: roll it back")
            .Takes<UndoRequest>().Produces<OperationDocument>(202).Produces<PreviewDocument>().Faults(404, 409, 413, 503);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IChangeHistory history)
    {
        var input = RequestInput.Without(http);
        var query = QueryOf(input) with { Limit = (int)(input.QueryInteger("limit", 1, 1000) ?? 100) };
        if (input.Problem is { } problem)
            return problem;

        var changes = await history.QueryAsync(query, http.RequestAborted);
        return Results.Ok(new AuditDocument(await ChangeDocument.FromAsync(history, changes, http.RequestAborted), changes.Length < query.Limit ? null : changes[^1].Revision));
    }

    private static async Task<IResult> ExportAsync(HttpContext http, IChangeHistory history, TimeProvider time)
    {
        var input = RequestInput.Without(http);
        var query = QueryOf(input);
        var limit = input.QueryInteger("limit", 1, long.MaxValue);
        if (input.QueryChoice<AuditFormat>("format") is not { } format)
        {
            if (!http.Request.Query.ContainsKey("format"))
                input.Fault("query.format", "is required: csv or jsonl");
            return input.Problem!;
        }

        return input.Problem ?? await AuditExport.StartAsync(history, query, format, limit, time.GetUtcNow(), http.RequestAborted);
    }

    private static async Task<IResult> VerifyAsync(HttpContext http, ChainVerifier verifier) =>
        RequestInput.Without(http).Problem ?? Results.Ok(VerificationDocument.From(await verifier.VerifyAsync(http.RequestAborted)));

    private static async Task<IResult> GetAsync(HttpContext http, IChangeHistory history)
    {
        var input = RequestInput.Without(http);
        var revision = input.Number("revision");
        if (input.Problem is { } problem)
            return problem;

        return await history.FindAsync(revision, http.RequestAborted) is { } change ? Results.Ok((await ChangeDocument.FromAsync(history, [change], http.RequestAborted))[0]) : NoChange(revision);
    }

    private static async Task<IResult> UndoAsync(HttpContext http, IRegistry registry, IChangeHistory history, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var revision = input.Number("revision");
        var act = ActReader.Read(input);
        if (input.Problem is { } problem)
            return problem;

        return await history.FindAsync(revision, http.RequestAborted) is not { } change ? NoChange(revision)
            // A plan is undone as a whole.
            : change.Action == "plan.start" && (registry.Current.Plans.GetValueOrDefault(revision) ?? await history.FindPlanAsync(revision, http.RequestAborted)) is { } plan
            ? await answers.ActAsync(http, act.Apply(new RollBackPlan(plan)), input.Actor(ActorKind.Operator), act.DryRun)
            : await answers.ActAsync(http, act.Apply(new UndoChange(change)), input.Actor(ActorKind.Operator), act.DryRun);
    }

    private static RouteHandlerBuilder Filters(RouteHandlerBuilder endpoint) => endpoint
        .Query("service", "Only what touched this service").Query("instance", "Only what touched this instance id").Query("node", "Only what touched this node")
        .Query("actor", "Only what this user or token did").Query("action", "An action, or its beginning followed by *").Query("operators", "true: only what operators did")
        .Query("before", "Only revisions below this one");

    private static ChangeQuery QueryOf(RequestInput input) => new()
    {
        Service = input.Query("service", Formats.Service),
        Instance = input.Query("instance", Formats.InstanceId),
        Node = input.Query("node", Formats.Node),
        Actor = input.Query("actor"),
        Action = input.Query("action"),
        OperatorsOnly = input.QueryFlag("operators"),
        Before = input.QueryInteger("before", 1, long.MaxValue),
    };

    private static IResult NoChange(long revision) => Problems.NotFound($"There is no change {revision}.");
}
