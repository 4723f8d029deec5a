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
        try
        {
            return await next(context);
        }
        catch (Exception failure)
        {
            return Of(context.HttpContext, failure);
        }
    }

    /// <summary>The answer to a request whose handling threw.</summary>
    public static IResult Of(HttpContext http, Exception failure)
    {
        switch (failure)
        {
            // Nobody is left to read an answer.
            case OperationCanceledException when http.RequestAborted.IsCancellationRequested:
                return Results.Empty;
            case BadHttpRequestException bad:
                return bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? Problems.TooLarge(RequestInput.BodyLimit) : Problems.Status(bad.StatusCode, "The request's body ended early or is malformed.");
            case DbException or TimeoutException:
                LogUnavailable(LoggerOf(http), failure, http.Request.Path);
                return Problems.Unavailable("The registry's database does not answer.", TimeSpan.FromSeconds(1));
            default:
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
