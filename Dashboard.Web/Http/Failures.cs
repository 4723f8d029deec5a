using System.Data.Common;
using Microsoft.AspNetCore.Mvc;

namespace Dashboard.Web.Http;

/// <summary>What every endpoint of the API does with failures.</summary>
internal static partial class Failures
{
    /// <summary>Tells OpenAPI which problems an endpoint may answer; 400 always.</summary>
    public static RouteHandlerBuilder Faults(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        endpoint.Produces<ProblemDetails>(StatusCodes.Status400BadRequest, "application/problem+json");
        foreach (var status in statuses)
            endpoint.Produces<ProblemDetails>(status, "application/problem+json");

        return endpoint;
    }

    /// <summary>Turns what an endpoint throws into a problem that tells nothing of the inside.</summary>
    public static async ValueTask<object?> FilterAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        try
        {
            return await next(context);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to read an answer.
            return Results.Empty;
        }
        catch (BadHttpRequestException bad)
        {
            return bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? Problems.TooLarge(RequestInput.BodyLimit) : Problems.Status(bad.StatusCode, "The request's body ended early or is malformed.");
        }
        catch (Exception away) when (away is DbException or TimeoutException)
        {
            LogUnavailable(LoggerOf(http), away, http.Request.Path);
            return Problems.Unavailable("The registry's database does not answer.", TimeSpan.FromSeconds(1));
        }
        catch (Exception failure)
        {
            LogFailure(LoggerOf(http), failure, http.Request.Method, http.Request.Path);
            return Problems.Internal(http);
        }
    }

    private static ILogger LoggerOf(HttpContext http) => http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Dashboard.Web.Http");

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private static partial void LogFailure(ILogger logger, Exception failure, string method, PathString path);

    [LoggerMessage(LogLevel.Warning, "{Path}: the database does not answer")]
    private static partial void LogUnavailable(ILogger logger, Exception failure, PathString path);
}
