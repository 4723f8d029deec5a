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
        group.MapGet("", List).WithSummary("Data planes that follow: how far each has come").Produces<SubscriberListDocument>();
        group.MapPost("/{id}/ack", AcknowledgeAsync).WithSummary("A follower says which revision it has taken, or refused")
            .Takes<AcknowledgementRequest>(required: true).Produces(204).Faults(404, 409, 413);
        group.MapDelete("/{id}", ForgetAsync).WithSummary("Forget a data plane that will not come back: nobody waits for it any more (audited)")
            .Takes<ForgetRequest>().Produces(204).Faults(404, 413, 503);
    }

    private static IResult List(HttpContext http, IServingSource source, FollowerTable followers)
    {
        if (RequestInput.Without(http).Problem is { } problem)
            return problem;

        var catalog = source.Feed.Current;
        return Results.Ok(new SubscriberListDocument(catalog.Generation, catalog.Revision, [.. followers.Current.Select(follower => Describe(follower, catalog))]));
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

    private static async Task<IResult> ForgetAsync(HttpContext http, FollowerTable followers, OperatorDesk desk, IRegistry registry)
    {
        var input = await RequestInput.ReadAsync(http);
        var id = input.Route("id", text => Formats.Reason(text));
        var reason = input.Body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true);
        if (input.Problem is { } problem)
            return problem;

        if (followers.Find(id) is null && !registry.Current.Operations.Values.Any(operation => operation.Followers.Contains(id)))
            return Problems.NotFound($"Nobody of the name {id} follows.");

        switch (await desk.ExecuteAsync(new ForgetFollower(id) { Reason = reason }, input.Actor(ActorKind.Operator), http.RequestAborted))
        {
            case CommandResult.Unavailable away:
                return Problems.Unavailable(away.Because, away.RetryAfter);
            case CommandResult.Refused refused:
                return Problems.Refused(refused.Refusal, refused.Snapshot.Revision);
            default:
                followers.Forget(id);
                return Results.NoContent();
        }
    }

    private static SubscriberDocument Describe(Follower follower, ServingCatalog catalog)
    {
        var services = follower.Services is { } some ? some.Select(name => catalog.Services.GetValueOrDefault(name)).OfType<ServingSet>() : catalog.Services.Values;
        var behind = services.Where(set => follower.AcknowledgedOf(set.Service, catalog.Generation) < set.Revision).Select(set => set.Revision).DefaultIfEmpty(0).Max();
        var taken = follower.Generation == catalog.Generation ? follower.Acknowledged : 0;
        return new(
            follower.Id,
            follower.Kind,
            follower.Address,
            follower.Services?.Order(StringComparer.Ordinal).ToArray(),
            follower.Connected,
            follower.Reports,
            follower.Since,
            follower.LastSeen,
            follower.LastReport,
            taken,
            follower.AcknowledgedAt,
            behind == 0 ? 0 : Math.Max(1, behind - taken),
            follower.LastRefusal,
            follower.RefusedRevision);
    }

    // What OpenAPI is told of the bodies.
    private sealed record AcknowledgementRequest(Guid Generation, long Revision, string? Refused = null);

    private sealed record ForgetRequest(string? Reason = null);
}
