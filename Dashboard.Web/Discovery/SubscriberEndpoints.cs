using Dashboard.Core.Discovery;
using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary>Who follows, and what each has taken.</summary>
internal static class SubscriberEndpoints
{
    private const int MaxRefusal = 512;

    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("/subscribers").WithTags("Discovery");
        group.MapGet("", List).WithSummary("Data planes that follow: how far each has come")
            .Query("service", "Only those that follow this service").Query("kind", "Only those of this kind").Query("state", "Only those in this state")
            .Produces<SubscriberListDocument>().Faults();
        group.MapPost("/{id}/ack", AcknowledgeAsync).WithSummary("A follower says which revision it has taken, or refused")
            .Takes<AcknowledgementRequest>(required: true).Produces(204).Faults(404, 409, 413);
        group.MapDelete("/{id}", ForgetAsync).WithSummary("Forget a data plane that will not come back: nobody waits for it any more (audited, not undoable; one that follows again counts again)")
            .WithDescription("One that is connected is forgotten only with override.")
            .Takes<ForgetRequest>(required: true).Produces<ForgottenDocument>().Faults(404, 409, 413, 503);
    }

    private static IResult List(HttpContext http, IServingSource source, FollowerBoard board, TimeProvider time)
    {
        var input = RequestInput.Without(http);
        var service = input.Query("service", Formats.Service);
        var kind = input.QueryChoice<FollowerKind>("kind");
        var state = input.QueryChoice<FollowerState>("state");
        if (input.Problem is { } problem)
            return problem;

        var (catalog, now) = (source.Feed.Current, time.GetUtcNow());
        return Results.Ok(new SubscriberListDocument(
            catalog.Generation,
            catalog.Revision,
            [.. board.Derive()
                .Where(standing => (service is null || standing.Follower?.Follows(service) == true) && (kind is null || standing.Follower?.Kind == kind) && (state is null || standing.State == state))
                .Select(standing => SubscriberDocument.From(standing, now))]));
    }

    private static async Task<IResult> AcknowledgeAsync(HttpContext http, IServingSource source, FollowerTable followers)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        var id = input.Route("id", Formats.FollowerId);
        input.Body.Require("generation");
        input.Body.Require("revision");
        var generation = Guid.Empty;
        input.Body.Text("generation", 36, text => Guid.TryParse(text, out generation) ? null : "must be a UUID");
        var revision = input.Body.Integer("revision", 0, long.MaxValue) ?? 0;
        var refused = input.Body.Text("refused", MaxRefusal, lines: true);
        if (input.Problem is { } problem)
            return problem;

        var catalog = source.Feed.Current;
        if (followers.Find(id) is null)
            return Problems.NotFound($"Nobody of the name {id} follows: open the watch stream first.");

        if (generation != catalog.Generation || revision > catalog.Revision)
        {
            return Problems.Refused(
                new(RefusalKind.Conflict, $"Revision {revision} of generation {generation} is not one of this registry's.", new Dictionary<string, object?> { ["generation"] = catalog.Generation, ["head"] = catalog.Revision }),
                catalog.Revision);
        }

        if (refused is null)
            followers.Acknowledge(id, generation, revision);
        else
            followers.Refuse(id, revision, refused);

        return Results.NoContent();
    }

    private static async Task<IResult> ForgetAsync(HttpContext http, OperatorDesk desk)
    {
        var input = await RequestInput.ReadAsync(http, required: true);
        // What is listed can be forgotten, also one whose name is no name that a follower may give itself.
        var id = input.Route("id", text => Formats.Reason(text));
        input.Body.Require("reason");
        var reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        var force = input.Body.Bool("override") ?? false;
        if (input.Problem is { } problem)
            return problem;

        return await desk.ExecuteAsync(new ForgetFollower(id) { Reason = reason, Override = force }, input.Actor(ActorKind.Operator), http.RequestAborted) switch
        {
            CommandResult.Unavailable away => Problems.Unavailable(away.Because, away.RetryAfter),
            CommandResult.Refused refused => Problems.Refused(refused.Refusal, refused.Snapshot.Revision),
            CommandResult.Committed committed => Results.Ok(new ForgottenDocument(committed.Revision)),
            var other => throw new InvalidOperationException($"Unexpected result {other.GetType().Name}."),
        };
    }

    // What OpenAPI is told of the bodies.
    private sealed record AcknowledgementRequest(Guid Generation, long Revision, string? Refused = null);

    private sealed record ForgetRequest(string Reason, bool Override = false);
}
