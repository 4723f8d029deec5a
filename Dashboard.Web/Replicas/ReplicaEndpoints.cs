using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Health;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Replicas;
using Dashboard.Core.Replicas.Wire;
using Dashboard.Core.Traffic;
using Dashboard.Web.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dashboard.Web.Replicas;

/// <summary>Where the other consoles on the database listen to what this one hears. Open to whoever knows the database's secret, and to nobody else.</summary>
public static class ReplicaEndpoints
{
    // Every console of a large installation, several times over.
    private const int MaximumReaders = 64;

    private static int _readers;

    public static IEndpointRouteBuilder MapReplicas(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(ReplicaProtocol.Path, StreamAsync).AllowAnonymous().ExcludeFromDescription();
        endpoints.MapGroup("/api/v1").AddEndpointFilter(Failures.FilterAsync)
            .MapGet("/replicas", List).WithTags("Discovery").WithSummary("The consoles on this registry: who is there, who is heard, who checks how much").Produces<ReplicaListDocument>().Faults();
        return endpoints;
    }

    private static IResult List(HttpContext http, LeaseKeeper leases, ReplicaIntake intake, HealthShare share) =>
        RequestInput.Without(http).Problem ?? Results.Ok(ReplicaRollCall.Of(leases, intake, share));

    private static async Task StreamAsync(
        HttpContext http,
        LeaseKeeper leases,
        HealthShare share,
        FollowerTable followers,
        TrafficStore traffic,
        Heartbeats heartbeats,
        IHealthOverlays overlays,
        SignInMark mark,
        IHostApplicationLifetime lifetime,
        TimeProvider time)
    {
        if (!ReplicaProtocol.IsTrusted(http.Request.Headers[ReplicaProtocol.SecretHeader], leases.Secret))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        if (!leases.Self.IsCompletedSuccessfully || http.Request.Query[ReplicaProtocol.To] != leases.Self.Result.Id.ToString())
        {
            http.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return;
        }

        if (Interlocked.Increment(ref _readers) > MaximumReaders)
        {
            Interlocked.Decrement(ref _readers);
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
            using var stream = new ReplicaStream(followers, traffic, heartbeats, overlays, leases, share, time, mark);
            http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            http.Response.ContentType = ReplicaProtocol.MediaType;
            http.Response.Headers.CacheControl = "no-store";
            while (true)
            {
                var line = JsonSerializer.SerializeToUtf8Bytes(await stream.NextAsync(ending.Token), ReplicaJson.Default.ReplicaFrame);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                limit.CancelAfter(ReplicaProtocol.WriteLimit);
                await http.Response.Body.WriteAsync(line, limit.Token);
                await http.Response.Body.WriteAsync("\n"u8.ToArray(), limit.Token);
                await http.Response.Body.FlushAsync(limit.Token);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException)
        {
            // The reader is gone or takes nothing, or the console stops; aborted, so that the reader does not wait for a clean end.
            http.Abort();
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }
}
