using Dashboard.Core.Registry;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Dashboard.Core.Health;

/// <summary>
/// grpc.health.v1.Health/Check answers SERVING for the service that the check's path names (empty or "/" = the server as a whole), over HTTP/2 without TLS.
/// </summary>
public sealed class GrpcProbe(TimeProvider time) : IProbe, IDisposable
{
    private readonly SocketsHttpHandler _handler = ProbeHttp.CreateHandler();

    public CheckKind Kind => CheckKind.Grpc;

    public Task<ProbeResult> ProbeAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        return ProbeRun.MeasureAsync(time, target, LookAsync, cancellationToken);
    }

    public void Dispose() => _handler.Dispose();

    private async ValueTask<(CheckOutcome Outcome, string Output)> LookAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        using var channel = GrpcChannel.ForAddress(ProbeHttp.BaseOf(target.EndPoint), new() { HttpHandler = _handler, DisposeHttpClient = false });
        try
        {
            var request = new HealthCheckRequest { Service = target.Check.Path.Trim('/') };
            var response = await new global::Grpc.Health.V1.Health.HealthClient(channel).CheckAsync(request, cancellationToken: cancellationToken).ConfigureAwait(false);
            return response.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? (CheckOutcome.Passing, "SERVING")
                : (CheckOutcome.Critical, Name(response.Status));
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            return (CheckOutcome.Critical, failure.StatusCode switch
            {
                StatusCode.Unimplemented => "does not implement grpc.health.v1",
                StatusCode.NotFound => $"does not know the service \"{target.Check.Path.Trim('/')}\"",
                _ => $"{failure.StatusCode}: {failure.Status.DebugException?.Message ?? failure.Status.Detail}",
            });
        }
    }

    private static string Name(HealthCheckResponse.Types.ServingStatus status) => status switch
    {
        HealthCheckResponse.Types.ServingStatus.NotServing => "NOT_SERVING",
        HealthCheckResponse.Types.ServingStatus.ServiceUnknown => "SERVICE_UNKNOWN",
        _ => "UNKNOWN",
    };
}
