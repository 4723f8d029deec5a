using Dashboard.Core.Discovery.Xds;
using Envoy.Service.Discovery.V3;
using Google.Rpc;

namespace Dashboard.Tests.Core.Discovery.Xds;

/// <summary>What a state-of-the-world client sends, straight into the stream's state machine.</summary>
internal sealed class WorldClient(StateOfTheWorldStream stream)
{
    private readonly Dictionary<XdsType, (string[] Names, DiscoveryResponse? Last)> _types = [];

    public StateOfTheWorldStream Stream => stream;

    public void Ask(XdsType type, params string[] names)
    {
        var last = _types.GetValueOrDefault(type).Last;
        _types[type] = (names, last);
        stream.Receive(new() { TypeUrl = XdsTypes.Url(type), ResourceNames = { names }, ResponseNonce = last?.Nonce ?? "", VersionInfo = last?.VersionInfo ?? "" });
    }

    /// <summary>Takes the next response without answering it.</summary>
    public DiscoveryResponse? Read()
    {
        var response = stream.Next();
        if (response is not null)
        {
            var type = XdsTypes.Parse(response.TypeUrl)!.Value;
            _types[type] = (_types[type].Names, response);
        }

        return response;
    }

    public void Ack(DiscoveryResponse response) => Answer(response, null);

    public void Nack(DiscoveryResponse response, string why) => Answer(response, new() { Code = 3, Message = why });

    /// <summary>Reads and accepts everything that there is; gives it as "CDS a b", by response.</summary>
    public string[] Settle()
    {
        var seen = new List<string>();
        while (Read() is { } response)
        {
            seen.Add(Describe(response));
            Ack(response);
        }

        return [.. seen];
    }

    public static string Describe(DiscoveryResponse response) =>
        $"{XdsTypes.Name(XdsTypes.Parse(response.TypeUrl)!.Value)} {string.Join(' ', response.Resources.Select(NameOf).Order(StringComparer.Ordinal))}".TrimEnd();

    public static string NameOf(Google.Protobuf.WellKnownTypes.Any any) => XdsTypes.Parse(any.TypeUrl) switch
    {
        XdsType.Cluster => any.Unpack<Envoy.Config.Cluster.V3.Cluster>().Name,
        XdsType.Endpoints => any.Unpack<Envoy.Config.Endpoint.V3.ClusterLoadAssignment>().ClusterName,
        XdsType.Listener => any.Unpack<Envoy.Config.Listener.V3.Listener>().Name,
        _ => any.Unpack<Envoy.Config.Route.V3.RouteConfiguration>().Name,
    };

    private void Answer(DiscoveryResponse response, Status? error) => stream.Receive(new()
    {
        TypeUrl = response.TypeUrl,
        ResourceNames = { _types[XdsTypes.Parse(response.TypeUrl)!.Value].Names },
        ResponseNonce = response.Nonce,
        VersionInfo = error is null ? response.VersionInfo : "",
        ErrorDetail = error,
    });
}

/// <summary>What a delta client sends, straight into the stream's state machine.</summary>
internal sealed class DeltaClient(DeltaStream stream)
{
    public DeltaStream Stream => stream;

    public void Subscribe(XdsType type, params string[] names) => stream.Receive(new() { TypeUrl = XdsTypes.Url(type), ResourceNamesSubscribe = { names } });

    public void Unsubscribe(XdsType type, params string[] names) => stream.Receive(new() { TypeUrl = XdsTypes.Url(type), ResourceNamesUnsubscribe = { names } });

    public void Reconnect(XdsType type, IReadOnlyDictionary<string, string> versions, params string[] names) =>
        stream.Receive(new() { TypeUrl = XdsTypes.Url(type), ResourceNamesSubscribe = { names }, InitialResourceVersions = { new Dictionary<string, string>(versions) } });

    public DeltaDiscoveryResponse? Read() => stream.Next();

    public void Ack(DeltaDiscoveryResponse response) => stream.Receive(new() { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce });

    public void Nack(DeltaDiscoveryResponse response, string why) =>
        stream.Receive(new() { TypeUrl = response.TypeUrl, ResponseNonce = response.Nonce, ErrorDetail = new() { Code = 3, Message = why } });

    /// <summary>Reads and accepts everything that there is; gives it as "EDS a -b", by response.</summary>
    public string[] Settle()
    {
        var seen = new List<string>();
        while (Read() is { } response)
        {
            seen.Add(Describe(response));
            Ack(response);
        }

        return [.. seen];
    }

    public static string Describe(DeltaDiscoveryResponse response) =>
        $"{XdsTypes.Name(XdsTypes.Parse(response.TypeUrl)!.Value)} {string.Join(' ', response.Resources.Select(resource => resource.Name).Order(StringComparer.Ordinal).Concat(response.RemovedResources.Select(name => $"-{name}")))}".TrimEnd();
}
