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
        group.MapGet("", ListAsync).WithSummary("Changes, newest first")
            .Query("service", "Only what touched this service").Query("instance", "Only what touched this instance id").Query("node", "Only what touched this node")
            .Query("actor", "Only what this user or token did").Query("action", "An action, or its beginning followed by *").Query("operators", "true: only what operators did")
            .Query("before", "Only revisions below this one").Query("limit", "1-1000, default 100")
            .Produces<AuditDocument>().Faults(503);
        group.MapGet("/verify", VerifyAsync).WithSummary("Walk the log's hash chain and name the first broken row; answers when it is done").Produces<VerificationDocument>().Faults(503);
        group.MapGet("/{revision}", GetAsync).WithSummary("One change").Produces<ChangeDocument>().Faults(404, 503);
        group.MapPost("/{revision}/undo", UndoAsync).WithSummary("Do the opposite of a change of weights, intents or settings (guarded)")
            .Takes<UndoRequest>().Produces<OperationDocument>(202).Produces<PreviewDocument>().Faults(404, 409, 413, 503);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IChangeHistory history)
    {
        var input = RequestInput.Without(http);
        var query = new ChangeQuery
        {
            Service = input.Query("service", Formats.Service),
            Instance = input.Query("instance", Formats.InstanceId),
            Node = input.Query("node", Formats.Node),
            Actor = input.Query("actor"),
            Action = input.Query("action"),
            OperatorsOnly = input.QueryFlag("operators"),
            Before = input.QueryInteger("before", 1, long.MaxValue),
            Limit = (int)(input.QueryInteger("limit", 1, 1000) ?? 100),
        };
        if (input.Problem is { } problem)
            return problem;

        var changes = await history.QueryAsync(query, http.RequestAborted);
        return Results.Ok(new AuditDocument([.. changes.Select(ChangeDocument.From)], changes.Length < query.Limit ? null : changes[^1].Revision));
    }

    private static async Task<IResult> VerifyAsync(HttpContext http, ChainVerifier verifier) =>
        RequestInput.Without(http).Problem ?? Results.Ok(VerificationDocument.From(await verifier.VerifyAsync(http.RequestAborted)));

    private static async Task<IResult> GetAsync(HttpContext http, IChangeHistory history)
    {
        var input = RequestInput.Without(http);
        var revision = input.Number("revision");
        if (input.Problem is { } problem)
            return problem;

        return await history.FindAsync(revision, http.RequestAborted) is { } change ? Results.Ok(ChangeDocument.From(change)) : NoChange(revision);
    }

    private static async Task<IResult> UndoAsync(HttpContext http, IChangeHistory history, Answers answers)
    {
        var input = await RequestInput.ReadAsync(http);
        var revision = input.Number("revision");
        var act = ActReader.Read(input);
        if (input.Problem is { } problem)
            return problem;

        return await history.FindAsync(revision, http.RequestAborted) is { } change
            ? await answers.ActAsync(http, act.Apply(new UndoChange(change)), input.Actor(ActorKind.Operator), act.DryRun)
            : NoChange(revision);
    }

    private static IResult NoChange(long revision) => Problems.NotFound($"There is no change {revision}.");
}
