using System.Text.Json;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Gateway;

/// <summary>The gateway's own answers, as problem details (RFC 9457) that name the service and the reason. They never tell an instance's address or an exception.</summary>
internal static class GatewayProblems
{
    public static Task UnknownHostAsync(HttpContext context, string host, string suffix) => WriteAsync(
        context, StatusCodes.Status404NotFound, "No such service", null, "host",
        suffix.Length == 0 ? $"Host '{host}' names no service." : $"Host '{host}' is not of the form {{service}}.{suffix}.");

    public static Task UnknownServiceAsync(HttpContext context, string service) => WriteAsync(
        context, StatusCodes.Status404NotFound, "No such service", service, "unknownService", $"No service '{service}' is registered.");

    /// <summary>Not a 404: whether there is such a service is not known.</summary>
    public static Task KnowsNothingAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return WriteAsync(
            context, StatusCodes.Status503ServiceUnavailable, "No registry known", null, "noCatalog",
            "This gateway has no catalog to forward by: no console has answered since it started, and it found no snapshot that it may use.");
    }

    public static Task NobodyServesAsync(HttpContext context, ServingSet set)
    {
        context.Response.Headers.RetryAfter = "1";
        return WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "No instance serves", set.Service, "empty", $"{set.Service}: {set.WhyEmpty}.");
    }

    public static Task NotCarriedAsync(HttpContext context, string service) => WriteAsync(
        context, StatusCodes.Status501NotImplemented, "Protocol not carried", service, "protocol", $"{service} speaks tcp; the gateway carries HTTP and gRPC.");

    public static Task UnreachableAsync(HttpContext context, string service, int attempts) => WriteAsync(
        context, StatusCodes.Status502BadGateway, "No connection", service, "connect",
        attempts == 1 ? $"An instance of {service} took no connection." : $"{attempts} instances of {service} took no connection.");

    public static Task BrokenAsync(HttpContext context, string service) => WriteAsync(
        context, StatusCodes.Status502BadGateway, "Exchange broken off", service, "reset", $"An instance of {service} broke off the exchange before it answered.");

    public static Task TimedOutAsync(HttpContext context, string service) => WriteAsync(
        context, StatusCodes.Status504GatewayTimeout, "No answer in time", service, "timeout", $"An instance of {service} did not answer in time.");

    private static async Task WriteAsync(HttpContext context, int status, string title, string? service, string reason, string detail)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        using var buffer = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("title", title);
            json.WriteNumber("status", status);
            json.WriteString("detail", detail);
            if (service is not null)
            {
                json.WriteString("service", service);
            }

            json.WriteString("reason", reason);
            json.WriteEndObject();
        }

        response.ContentLength = buffer.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), context.RequestAborted);
        }
    }
}
