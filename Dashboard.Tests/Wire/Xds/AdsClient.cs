using Dashboard.Core.Discovery.Xds;
using Envoy.Config.Core.V3;
using Envoy.Service.Discovery.V3;
using Grpc.Core;
using Grpc.Net.Client;

namespace Dashboard.Tests.Wire.Xds;

/// <summary>A delta client over the network, written on the compiled protos.</summary>
internal sealed class AdsClient : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> _call;
    private readonly CancellationTokenSource _ending = new();
    private Node? _node;

    public AdsClient(GrpcChannel channel, string id, string agent = "envoy", string? token = null)
    {
        _node = new Node { Id = id, Cluster = "web", UserAgentName = agent };
        if (token is not null)
            _node.Metadata = new() { Fields = { ["token"] = Google.Protobuf.WellKnownTypes.Value.ForString(token) } };

        _call = new AggregatedDiscoveryService.AggregatedDiscoveryServiceClient(channel).DeltaAggregatedResources(cancellationToken: _ending.Token);
    }

    public Task SubscribeAsync(XdsType type, params string[] names) => SendAsync(new() { TypeUrl = XdsTypes.Url(type), ResourceNamesSubscribe = { names } });

    public Task UnsubscribeAsync(XdsType type, params string[] names) => SendAsync(new() { TypeUrl = XdsTypes.Url(type), ResourceNamesUnsubscribe = { names } });

    public Task ReconnectAsync(XdsType type, IDictionary<string, string> versions, params string[] names) =>
        SendAsync(new() { TypeUrl = XdsTypes.Url(type), ResourceNamesSubscribe = { names }, InitialResourceVersions = { versions } });

    public Task AckAsync(DeltaDiscoveryResponse response) => SendAsync(new() { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce });

    public Task NackAsync(DeltaDiscoveryResponse response, string why) =>
        SendAsync(new() { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce, ErrorDetail = new() { Code = 3, Message = why } });

    public Task SendAsync(DeltaDiscoveryRequest request)
    {
        // The first message alone says who it is.
        request.Node = _node;
        _node = null;
        return _call.RequestStream.WriteAsync(request);
    }

    public async Task<DeltaDiscoveryResponse> ReadAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        return await _call.ResponseStream.MoveNext(patience.Token) ? _call.ResponseStream.Current : throw new InvalidOperationException("The server ended the stream.");
    }

    /// <summary>Reads a response, however long that takes.</summary>
    public async Task<DeltaDiscoveryResponse> NextAsync(CancellationToken cancellationToken) =>
        await _call.ResponseStream.MoveNext(cancellationToken) ? _call.ResponseStream.Current : throw new InvalidOperationException("The server ended the stream.");

    /// <summary>Reads a response and accepts it.</summary>
    public async Task<DeltaDiscoveryResponse> TakeAsync(CancellationToken cancellationToken)
    {
        var response = await ReadAsync(cancellationToken);
        await AckAsync(response);
        return response;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _call.Dispose();
        _ending.Dispose();
    }
}
