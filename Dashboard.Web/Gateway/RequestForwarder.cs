using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Microsoft.AspNetCore.Http.Features;
using System.Net.Sockets;
using Yarp.ReverseProxy.Forwarder;

namespace Dashboard.Web.Gateway;

/// <summary>Takes every request: finds the service by its host, chooses an instance, sends, counts, and tries another instance where that is safe.</summary>
internal sealed class RequestForwarder(GatewayTables tables, SourceTable sources, InstanceClients clients, IHttpForwarder forwarder, GatewayOptions options, TimeProvider time)
{
    private const int MaximumAttempts = 3;
    private readonly string _suffix = options.Suffix.Length == 0 ? "" : "." + options.Suffix;

    public Task HandleAsync(HttpContext context)
    {
        var host = context.Request.Host.Value ?? "";
        var name = ServiceName(host);
        if (name.IsEmpty)
        {
            return GatewayProblems.UnknownHostAsync(context, host, options.Suffix);
        }

        return tables.Find(name) is { } route ? ForwardAsync(context, route)
            : tables.Taken.Generation == Guid.Empty ? GatewayProblems.KnowsNothingAsync(context)
            : GatewayProblems.UnknownServiceAsync(context, name.ToString().ToLowerInvariant());
    }

    private ReadOnlySpan<char> ServiceName(ReadOnlySpan<char> host)
    {
        var port = host.LastIndexOf(':');
        // An IPv6 literal has colons of its own and names no service.
        var name = (port < 0 ? host : host[..port]).TrimEnd('.');
        return name.EndsWith(_suffix, StringComparison.OrdinalIgnoreCase) ? name[..^_suffix.Length] : [];
    }

    private async Task ForwardAsync(HttpContext context, ServiceRoute route)
    {
        var caller = sources.Find(context.Request.Headers);
        using var tunnel = Tunnel.For(context, time);
        InstanceState? first = null;
        InstanceState? second = null;
        route.Budget.Earn();
        for (var attempt = 1; ; attempt++)
        {
            // Read again for each attempt: what was drained meanwhile gets no retry either.
            tables.Refresh();
            var table = route.Table;
            if (table.Set.Protocol == ServiceProtocol.Tcp)
            {
                await GatewayProblems.NotCarriedAsync(context, route.Name);
                return;
            }

            var now = time.GetTimestamp();
            var index = table.Candidates.Count == 0 ? -1 : route.Choose(table, now, first, second);
            if (index < 0)
            {
                await (table.Candidates.Count == 0 ? GatewayProblems.NobodyServesAsync(context, table.Set) : GatewayProblems.UnreachableAsync(context, route.Name, attempt - 1));
                return;
            }

            var state = table.States[index];
            var (client, config) = clients.For(table.Set.Protocol is ServiceProtocol.Http2 or ServiceProtocol.Grpc);
            var exchange = state.Begin(context, caller, now, tunnel);
            var error = ForwarderError.Request;
            try
            {
                error = await forwarder.SendAsync(context, table.Prefixes[index], client, config, InstanceTransformer.Instance, tunnel?.Cut ?? CancellationToken.None);
            }
            finally
            {
                state.End(exchange, IsFailure(context, error), error == ForwarderError.None ? Latency(context, now, tunnel) : null);
            }

            if (error == ForwarderError.None)
            {
                route.Connected(state);
                return;
            }

            var connectFailed = ConnectFailed(context, error);
            if (connectFailed)
            {
                route.ConnectFailed(state);
            }
            else if (error is not ForwarderError.RequestCanceled and not ForwarderError.RequestTimedOut)
            {
                route.Connected(state);
            }

            if (context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
            {
                return;
            }

            if (attempt < MaximumAttempts && (connectFailed || MayRepeat(context, error, tunnel)) && HasAnother(table, attempt) && route.Budget.TrySpend())
            {
                (first, second) = (state, first);
                context.Features.Set<IForwarderErrorFeature>(null);
                context.Response.Clear();
                continue;
            }

            await ExplainAsync(context, route.Name, error, connectFailed, attempt);
            return;
        }
    }

    private static bool HasAnother(ServiceTable table, int attempts) => table.Candidates.Count > attempts;

    /// <summary>True when no connection was made, so that the instance has seen nothing of the request.</summary>
    private static bool ConnectFailed(HttpContext context, ForwarderError error) => error switch
    {
        // A bare SocketException: the instance went between the connection and its first use.
        ForwarderError.Request => Exception(context) is SocketException or HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError },
        // SocketsHttpHandler's ConnectTimeout; an exchange that fell silent has no inner TimeoutException.
        ForwarderError.RequestTimedOut => Exception(context) is OperationCanceledException { InnerException: TimeoutException },
        _ => false,
    };

    /// <summary>True when the instance broke off before it answered and doing the same again does no harm.</summary>
    private static bool MayRepeat(HttpContext context, ForwarderError error, Tunnel? tunnel)
    {
        var method = context.Request.Method;
        return error is ForwarderError.Request or ForwarderError.ResponseBodyDestination
            && tunnel is null
            && (HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsPut(method) || HttpMethods.IsDelete(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method))
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false };
    }

    private static Exception? Exception(HttpContext context) => context.Features.Get<IForwarderErrorFeature>()?.Exception;

    /// <summary>What counts as the instance's failure, see <see cref="TrafficRow"/>.</summary>
    private static bool IsFailure(HttpContext context, ForwarderError error) => error switch
    {
        ForwarderError.None => AnsweredWithFailure(context),
        // The instance answered in full before it had read the whole request, as a gRPC server may: its answer counts, not the part that nobody wanted.
        ForwarderError.RequestBodyDestination or ForwarderError.RequestBodyClient or ForwarderError.RequestBodyCanceled when context.Response.HasStarted => AnsweredWithFailure(context),
        ForwarderError.Request or ForwarderError.RequestTimedOut or ForwarderError.RequestBodyDestination or ForwarderError.ResponseBodyDestination
            or ForwarderError.ResponseHeaders => true,
        _ => false,
    };

    private static bool AnsweredWithFailure(HttpContext context) =>
        context.Response.StatusCode >= StatusCodes.Status500InternalServerError || (IsGrpc(context) && GrpcFailed(GrpcStatus(context)));

    private static bool IsGrpc(HttpContext context) => context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The call's <c>grpc-status</c>, from the trailers or, where there are only trailers, from the headers; null while there is none.</summary>
    private static string? GrpcStatus(HttpContext context)
    {
        const string Header = "grpc-status";
        return context.Response.Headers.TryGetValue(Header, out var status)
            || context.Features.Get<IHttpResponseTrailersFeature>()?.Trailers.TryGetValue(Header, out status) == true
                ? status.ToString()
                : null;
    }

    // Unknown, DeadlineExceeded, Internal, Unavailable, DataLoss: as Envoy maps them to 5xx.
    private static bool GrpcFailed(string? status) => status is "2" or "4" or "13" or "14" or "15";

    private TimeSpan? Latency(HttpContext context, long started, Tunnel? tunnel)
    {
        var elapsed = time.GetElapsedTime(started);
        return tunnel is not null || (elapsed > TrafficStore.LongLivedAfter && (IsGrpc(context) || IsEventStream(context))) ? null : elapsed;
    }

    private static bool IsEventStream(HttpContext context) => context.Response.ContentType?.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase) == true;

    private static Task ExplainAsync(HttpContext context, string service, ForwarderError error, bool connectFailed, int attempts)
    {
        if (error is not (ForwarderError.Request or ForwarderError.RequestTimedOut or ForwarderError.RequestBodyDestination or ForwarderError.ResponseBodyDestination or ForwarderError.ResponseHeaders))
        {
            // The client's doing: the forwarder's status (400, 408, 413, ...) says it.
            return Task.CompletedTask;
        }

        context.Response.Clear();
        return connectFailed ? GatewayProblems.UnreachableAsync(context, service, attempts)
            : error == ForwarderError.RequestTimedOut ? GatewayProblems.TimedOutAsync(context, service)
            : GatewayProblems.BrokenAsync(context, service);
    }
}
