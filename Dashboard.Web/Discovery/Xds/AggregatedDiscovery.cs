using Dashboard.Core.Discovery.Xds;
using Envoy.Config.Core.V3;
using Envoy.Service.Discovery.V3;
using Grpc.Core;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>ADS: all resources over one stream, in either protocol.</summary>
internal sealed class AggregatedDiscovery(XdsIndex index, XdsGate gate, IHostApplicationLifetime lifetime) : AggregatedDiscoveryService.AggregatedDiscoveryServiceBase
{
    public override Task StreamAggregatedResources(IAsyncStreamReader<DiscoveryRequest> requestStream, IServerStreamWriter<DiscoveryResponse> responseStream, ServerCallContext context) =>
        RunAsync(
            requestStream,
            responseStream,
            context,
            new StateOfTheWorldStream(),
            static request => request.Node,
            static (stream, request) => stream.Receive(request),
            static stream => stream.Next());

    public override Task DeltaAggregatedResources(IAsyncStreamReader<DeltaDiscoveryRequest> requestStream, IServerStreamWriter<DeltaDiscoveryResponse> responseStream, ServerCallContext context) =>
        RunAsync(
            requestStream,
            responseStream,
            context,
            new DeltaStream(),
            static request => request.Node,
            static (stream, request) => stream.Receive(request),
            static stream => stream.Next());

    private async Task RunAsync<TStream, TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests,
        IServerStreamWriter<TResponse> responses,
        ServerCallContext context,
        TStream stream,
        Func<TRequest, Node?> nodeOf,
        Action<TStream, TRequest> receive,
        Func<TStream, TResponse?> next)
        where TStream : XdsStream
        where TResponse : class
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            if (!await requests.MoveNext(ending.Token))
                return;

            var node = nodeOf(requests.Current);
            var (id, address) = gate.Admit(context.GetHttpContext(), node);
            using var session = index.Open(stream, new(id, address, XdsDialect.IsGrpc(node) ? index.ForGrpc : index.ForEnvoy));
            var writing = WriteAsync(session, responses, next, ending.Token);
            try
            {
                do
                {
                    var request = requests.Current;
                    session.Receive(state => receive(state, request));
                }
                while (await requests.MoveNext(ending.Token));
            }
            finally
            {
                await ending.CancelAsync();
                await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        catch (XdsLimitException limit)
        {
            throw new RpcException(new(StatusCode.ResourceExhausted, limit.Message));
        }
        catch (Exception end) when (end is OperationCanceledException or IOException && !context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new(StatusCode.Unavailable, "The console stops."));
        }
        catch (Exception end) when (end is OperationCanceledException or IOException)
        {
            // The client went.
        }
    }

    // A write waits for as long as the client does not read; meanwhile changes are only marked.
    private static async Task WriteAsync<TStream, TResponse>(XdsSession<TStream> session, IServerStreamWriter<TResponse> responses, Func<TStream, TResponse?> next, CancellationToken cancellationToken)
        where TStream : XdsStream
        where TResponse : class
    {
        while (true)
        {
            await session.WaitAsync(cancellationToken);
            while (session.Next(next) is { } response)
                await responses.WriteAsync(response, cancellationToken);
        }
    }
}
