using Dashboard.Core.Registry;
using Dashboard.Core.Replicas;

namespace Dashboard.Web.Telemetry;

/// <summary>What a supervisor or a load balancer asks. Open to everyone, so it tells states and no details.</summary>
internal static class HealthEndpoints
{
    private const string OtherToken = "Another console on this registry has another admin token: give all the same Auth:AdminToken.";

    private const string NotWriting = "Changes cannot be written now; the log and GET /api/v1/alerts say why.";

    /// <summary>The process runs and answers.</summary>
    public static IResult Live() => TypedResults.Json(new { status = "live" });

    /// <summary>
    /// The console can be used: its registry is loaded. It stays ready while Postgres is away, since reading, the gateway and health checks go on then; the body says so.
    /// </summary>
    public static IResult Ready(HttpContext context)
    {
        if (context.RequestServices.GetService<IRegistry>() is not { } registry)
            return TypedResults.Json(new { status = "ready" });
        var availability = registry.Availability;
        var loaded = availability.LastSync > DateTimeOffset.MinValue;
        return TypedResults.Json(
            new
            {
                status = !loaded ? "starting" : availability.IsAvailable ? "ready" : "degraded",
                revision = registry.Current.Revision,
                storeAvailable = availability.IsAvailable,
                problem = context.RequestServices.GetService<ReplicaIntake>() is { OtherSignIn.IsEmpty: false } ? OtherToken
                    : loaded && !availability.IsAvailable ? NotWriting
                    : null,
                lastSync = loaded ? availability.LastSync : (DateTimeOffset?)null,
            },
            statusCode: loaded ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
