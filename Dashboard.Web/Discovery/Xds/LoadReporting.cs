using Dashboard.Core.Discovery.Xds;
using Envoy.Service.LoadStats.V3;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>LRS: clients say once an interval what they sent.</summary>
internal sealed class LoadReporting(LoadReportDesk desk, XdsServerOptions options, XdsGate gate, TimeProvider time, IHostApplicationLifetime lifetime) : LoadReportingService.LoadReportingServiceBase
{
    public override async Task StreamLoadStats(IAsyncStreamReader<LoadStatsRequest> requestStream, IServerStreamWriter<LoadStatsResponse> responseStream, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            if (!await requestStream.MoveNext(ending.Token))
                return;

            var node = requestStream.Current.Node;
            var (id, _) = gate.Admit(context.GetHttpContext(), node);
            using var reporter = desk.Open(id, node.Cluster, XdsDialect.IsGrpc(node));
            await responseStream.WriteAsync(Wanted(), ending.Token);
            // What comes with the first message is of before anything was asked for.
            reporter.Take(requestStream.Current);
            var next = requestStream.MoveNext(ending.Token);
            while (true)
            {
                try
                {
                    if (!await next.WaitAsync(2 * options.Resources.LoadReportInterval, time, ending.Token))
                        return;
                }
                catch (TimeoutException)
                {
                    if (XdsDialect.IsSilentWhenIdle(node))
                        reporter.TakeSilence();
                    continue;
                }

                reporter.Take(requestStream.Current);
                next = requestStream.MoveNext(ending.Token);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or IOException && !context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new(StatusCode.Unavailable, "The console stops."));
        }
        catch (Exception end) when (end is OperationCanceledException or IOException)
        {
            // The client went: what it has open is unknown from now on.
        }
    }

    private LoadStatsResponse Wanted() => new()
    {
        SendAllClusters = true,
        ReportEndpointGranularity = true,
        LoadReportingInterval = options.Resources.LoadReportInterval.ToDuration(),
    };
}
