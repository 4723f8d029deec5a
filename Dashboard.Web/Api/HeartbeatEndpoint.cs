using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Heartbeats of instances whose check is ttl. Answered from memory, while Postgres is away too.</summary>
internal static class HeartbeatEndpoint
{
    private const int MaxOutput = 4096;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/services/{service}/instances/{instance}/heartbeat", PostAsync).WithTags("Instances")
            .WithSummary("An instance says that it lives; 404 tells it to register again")
            .WithDescription("status is passing (the default), warning (degraded) or critical (unhealthy at once).")
            .Takes<HeartbeatRequest>().Produces(204).Faults(404, 413);

    private static async Task<IResult> PostAsync(HttpContext http, Heartbeats heartbeats, IRegistry registry)
    {
        var input = await RequestInput.ReadAsync(http);
        var key = input.Instance();
        var outcome = input.Body.Choice<CheckOutcome>("status") ?? CheckOutcome.Passing;
        var output = input.Body.Text("output", MaxOutput, lines: true);
        if (input.Problem is { } problem)
            return problem;

        return heartbeats.Beat(key, outcome, output)
            ? Results.NoContent()
            : Problems.Refused(new(RefusalKind.NotFound, $"Service {key.Service} has no instance {key.Id}: register it again."), registry.Current.Revision);
    }
}
