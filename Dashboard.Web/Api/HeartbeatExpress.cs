using System.Buffers;
using System.Text.Json;
using Dashboard.Core.Health;
using Dashboard.Web.Http.Express;

namespace Dashboard.Web.Api;

/// <summary>The short way of a heartbeat that says no more than its status, or nothing.</summary>
internal sealed class HeartbeatExpress(Heartbeats heartbeats) : IExpressEndpoint
{
    private static readonly Func<ReadOnlySequence<byte>, object?> Reading = Read;

    private static readonly object Passing = CheckOutcome.Passing;
    private static readonly object Warning = CheckOutcome.Warning;
    private static readonly object Critical = CheckOutcome.Critical;

    public string Method => HttpMethods.Post;

    public string Route => "/api/v1/services/{service}/instances/{instance}/heartbeat";

    public bool Matches(ReadOnlySpan<char> rest, out string service, out string? instance) => InstanceRoute.Matches(rest, "/heartbeat", out service, out instance);

    public async ValueTask<bool> TryAnswerAsync(HttpContext http, string service, string? instance)
    {
        var outcome = http.Request.ContentLength == 0 ? Passing : await ExpressBody.ReadAsync(http.Request, Reading);
        // Of an instance that is not registered the endpoint itself tells.
        if (outcome is null || !heartbeats.Beat(new(service, instance!), (CheckOutcome)outcome, null))
            return false;

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    private static object? Read(ReadOnlySequence<byte> body)
    {
        var json = new Utf8JsonReader(body);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject || !json.Read())
            return null;

        var outcome = Passing;
        if (json.TokenType == JsonTokenType.PropertyName)
        {
            if (!json.ValueTextEquals("status"u8) || !json.Read() || json.TokenType != JsonTokenType.String)
                return null;

            outcome = json.ValueTextEquals("passing"u8) ? Passing : json.ValueTextEquals("warning"u8) ? Warning : json.ValueTextEquals("critical"u8) ? Critical : null;
            json.Read();
        }

        return json.TokenType == JsonTokenType.EndObject && !json.Read() ? outcome : null;
    }
}
