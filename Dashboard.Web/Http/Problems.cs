using System.Diagnostics;
using System.Globalization;
using Dashboard.Core.Registry;
using Microsoft.AspNetCore.Mvc;

namespace Dashboard.Web.Http;

/// <summary>Errors as RFC 9457 problem details. <c>type</c> is a relative reference that names the kind of problem; nothing tells what happened inside.</summary>
internal static class Problems
{
    /// <summary>400 with every fault that was found, in <c>errors</c>.</summary>
    public static IResult Invalid(IReadOnlyList<Fault> faults) => Of(
        StatusCodes.Status400BadRequest,
        "invalid-request",
        "The request is not valid",
        faults.Count == 1 ? "One thing is wrong with it." : $"{faults.Count} things are wrong with it.",
        ("errors", faults));

    public static IResult TooLarge(int limit) => Of(
        StatusCodes.Status413PayloadTooLarge,
        "too-large",
        "The body is too large",
        $"A body may have at most {limit} bytes.",
        ("errors", new Fault[] { new("", $"must have at most {limit} bytes") }));

    public static IResult UnsupportedMediaType(string? contentType) => Of(
        StatusCodes.Status415UnsupportedMediaType,
        "unsupported-media-type",
        "The body is not JSON",
        $"Send the body with the header Content-Type: application/json{(contentType is null ? "" : $", not {contentType}")}.");

    public static IResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "not-found", "There is no such thing", detail);

    public static IResult NoService(string service, long revision) => Refused(new(RefusalKind.NotFound, $"There is no service {service}."), revision);

    public static IResult MethodNotAllowed(string method, string path, IReadOnlyCollection<string> allowed) => Of(
        StatusCodes.Status405MethodNotAllowed,
        "method-not-allowed",
        "This method is not for this address",
        $"{path} does not take {method}, but {string.Join(", ", allowed)}.");

    /// <summary>500 that tells only where to look in the console's log.</summary>
    public static IResult Internal(HttpContext http) => Of(
        StatusCodes.Status500InternalServerError,
        "internal",
        "The console failed",
        "This is a fault of the console, not of the request. Its log has more under the trace id.",
        ("traceId", TraceOf(http)));

    public static IResult Status(int status, string detail) => Of(status, "bad-request", "The request cannot be read", detail);

    /// <summary>The command's refusal: 404, or 409 with the facts that decided it.</summary>
    public static IResult Refused(Refusal refusal, long revision)
    {
        var (status, type, title) = refusal.Kind switch
        {
            RefusalKind.NotFound => (StatusCodes.Status404NotFound, "not-found", "There is no such thing"),
            RefusalKind.Stale => (StatusCodes.Status409Conflict, "stale", "The target has changed since"),
            RefusalKind.Guard => (StatusCodes.Status409Conflict, "guard", "Too few instances would be left serving"),
            _ => (StatusCodes.Status409Conflict, "conflict", "This does not fit the target as it is"),
        };
        return Of(status, type, title, refusal.Message, ("facts", refusal.Facts), ("revision", revision));
    }

    /// <summary>503 with Retry-After: the console has just started.</summary>
    public static IResult NotLoaded() => new WithRetryAfter(
        Of(StatusCodes.Status503ServiceUnavailable, "unavailable", "The registry is still being loaded", "The console has just started; ask again."), TimeSpan.FromSeconds(1));

    /// <summary>503 with Retry-After: nothing was written.</summary>
    public static IResult Unavailable(string because, TimeSpan retryAfter) => new WithRetryAfter(
        Of(StatusCodes.Status503ServiceUnavailable, "unavailable", "Changes cannot be written now", because),
        retryAfter);

    private static IResult Of(int status, string type, string title, string detail, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        var problem = new ProblemDetails { Status = status, Type = $"/problems/{type}", Title = title, Detail = detail };
        foreach (var (name, value) in more)
            problem.Extensions[name] = value;

        return Results.Problem(problem);
    }

    private static string TraceOf(HttpContext http) => Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier;

    private sealed class WithRetryAfter(IResult inner, TimeSpan after) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return inner.ExecuteAsync(httpContext);
        }
    }
}
