using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Operations: how each stands, and what an operator can do about one that is under way.</summary>
internal static class OperationEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/operations").WithTags("Operations");
        group.MapGet("", ListAsync).WithSummary("Operations, newest first; with ?open=true those under way")
            .Query("open", "true: only those under way").Query("limit", "1-1000, default 100").Produces<OperationListDocument>().Faults(503);
        group.MapGet("/{id}", GetAsync).WithSummary("An operation with its stage line").Produces<OperationDocument>().Faults(404, 503);
        group.MapPost("/{id}/extend", ExtendAsync).WithSummary("Move a drain's deadline to so long from now")
            .Takes<ExtendRequest>(required: true).Produces<OperationDocument>(202).Faults(404, 409, 413, 503);
        group.MapPost("/{id}/force", ForceAsync).WithSummary("Take a drain for done: what is still open is cut")
            .Takes<ReasonRequest>().Produces<OperationDocument>(202).Faults(404, 409, 413, 503);
        group.MapPost("/{id}/cancel", CancelAsync).WithSummary("Take back a drain or a maintenance: its targets are active again")
            .Takes<ReasonRequest>().Produces<OperationDocument>(202).Faults(404, 409, 413, 503);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IRegistry registry, IChangeHistory history, OperationTracker tracker)
    {
        var input = RequestInput.Without(http);
        var open = input.QueryFlag("open");
        var limit = (int)(input.QueryInteger("limit", 1, 1000) ?? 100);
        if (input.Problem is { } problem)
            return problem;

        var operations = open
            ? registry.Current.Operations.Values.OrderByDescending(operation => operation.Id).Take(limit)
            : await history.RecentOperationsAsync(limit, http.RequestAborted);
        return Results.Ok(new OperationListDocument([.. operations.Select(operation => OperationDocument.From(tracker.ViewOf(operation)))]));
    }

    private static async Task<IResult> GetAsync(HttpContext http, IRegistry registry, IChangeHistory history, OperationTracker tracker)
    {
        var input = RequestInput.Without(http);
        var id = input.Number("id");
        if (input.Problem is { } problem)
            return problem;

        var operation = registry.Current.Operations.GetValueOrDefault(id)
            ?? tracker.Feed.Current.Find(id)?.Operation
            ?? await history.FindOperationAsync(id, http.RequestAborted);
        return operation is null ? NoOperation(id) : Results.Ok(OperationDocument.From(tracker.ViewOf(operation)));
    }

    private static async Task<IResult> ExtendAsync(HttpContext http, OperatorDesk desk, OperationTracker tracker, IRegistry registry, IChangeHistory history)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        var id = input.Number("id");
        input.Body.Require("deadlineSeconds");
        var deadline = input.Body.Seconds("deadlineSeconds", 0, 3600) ?? TimeSpan.Zero;
        var action = input.Body.Choice<DeadlineAction>("atDeadline");
        var reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        if (input.Problem is { } problem)
            return problem;

        return await SteerAsync(http, input, desk, tracker, registry, history, id, operation => new ExtendDrain(id, deadline, action) { TargetName = OperationNames.TargetOf(operation), Reason = reason });
    }

    private static async Task<IResult> ForceAsync(HttpContext http, OperatorDesk desk, OperationTracker tracker, IRegistry registry, IChangeHistory history)
    {
        var (input, id, reason) = await ReadAsync(http);
        if (input.Problem is { } problem)
            return problem;

        return await SteerAsync(http, input, desk, tracker, registry, history, id, operation =>
            new CompleteDrain(id, Forced: true, $"forced by {input.Actor(ActorKind.Operator).Name}") { TargetName = OperationNames.TargetOf(operation), Reason = reason });
    }

    private static async Task<IResult> CancelAsync(HttpContext http, OperatorDesk desk, OperationTracker tracker, IRegistry registry, IChangeHistory history)
    {
        var (input, id, reason) = await ReadAsync(http);
        if (input.Problem is { } problem)
            return problem;

        return await SteerAsync(http, input, desk, tracker, registry, history, id, operation => OperationNames.Cancelling(operation) is { } cancel ? cancel with { Reason = reason } : null);
    }

    private static async Task<(RequestInput Input, long Id, string? Reason)> ReadAsync(HttpContext http)
    {
        var input = await RequestInput.ReadAsync(http);
        return (input, input.Number("id"), input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true));
    }

    // Answers with the operation that was steered, also when the act opened another one (an undrain) or closed it.
    private static async Task<IResult> SteerAsync(
        HttpContext http,
        RequestInput input,
        OperatorDesk desk,
        OperationTracker tracker,
        IRegistry registry,
        IChangeHistory history,
        long id,
        Func<Operation, RegistryCommand?> act)
    {
        var snapshot = registry.Current;
        if (!snapshot.Operations.TryGetValue(id, out var operation))
        {
            return await history.FindOperationAsync(id, http.RequestAborted) is { } closed
                ? Problems.Refused(new(RefusalKind.Conflict, $"Operation {id} is over: {closed.ClosedBecause}.", new Dictionary<string, object?> { ["outcome"] = closed.Outcome, ["closedAt"] = closed.ClosedAt }), snapshot.Revision)
                : NoOperation(id);
        }

        if (act(operation) is not { } command)
            return Problems.Refused(new(RefusalKind.Conflict, $"Operation {id} ({operation.Action}) cannot be taken back; undo change {id} instead."), snapshot.Revision);

        var result = await desk.ExecuteAsync(command, input.Actor(ActorKind.Operator), http.RequestAborted);
        if (result is not CommandResult.Committed committed)
            return Answers.Failed(result);

        var after = committed.Change?.Changes.OfType<OperationChange>().FirstOrDefault(change => change.Id == id)?.After
            ?? committed.Snapshot.Operations.GetValueOrDefault(id)
            ?? operation;
        return Results.Accepted($"/api/v1/operations/{id}", OperationDocument.From(tracker.ViewOf(after)));
    }

    private static IResult NoOperation(long id) => Problems.NotFound($"There is no operation {id}.");
}
