using Envoy.Service.Discovery.V3;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>The protocol in which a client says what it wants more and less, and a response holds what changed and names what is gone.</summary>
public sealed class DeltaStream : XdsStream
{
    /// <summary>Takes a request: a change of what is wanted, an acceptance or a refusal, or several of these at once. One for a type that is not served is ignored.</summary>
    /// <exception cref="XdsLimitException">It asks for too many resources.</exception>
    public void Receive(DeltaDiscoveryRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (XdsTypes.Parse(request.TypeUrl) is not { } type)
            return;

        var subscription = Touch(type);
        if (request.ResponseNonce.Length > 0)
            Answer(type, request.ResponseNonce, request.ErrorDetail);

        var first = !subscription.IsOpen;
        if (first)
            Open(type, subscription, request);

        // One that was asked for with the version that the client has is not asked for anew.
        Subscribe(type, request.ResourceNamesSubscribe.Where(name => !first || !request.InitialResourceVersions.ContainsKey(name)), again: true);
        Unsubscribe(type, request.ResourceNamesUnsubscribe);
    }

    /// <summary>The next response; null when there is nothing to say.</summary>
    public DeltaDiscoveryResponse? Next()
    {
        while (NextType() is { } type)
        {
            var subscription = Of(type);
            subscription.UnderWay.Clear();
            var response = new DeltaDiscoveryResponse { TypeUrl = XdsTypes.Url(type) };
            // It is there for people to read: Envoy's configuration dump shows it of every type but this, which is sent the most.
            if (type != XdsType.Endpoints)
                response.SystemVersionInfo = View!.Version;
            var size = 0;
            foreach (var name in subscription.Waiting.ToArray())
            {
                if (IsHeldBack(type, name))
                    continue;

                if (size > MaximumBytes)
                    break;

                var differs = Differs(type, subscription, name, out var resource);
                subscription.Waiting.Remove(name);
                if (!differs)
                    continue;

                subscription.UnderWay.Add((name, resource));
                size += resource?.Size ?? name.Length;
                if (resource is null)
                    response.RemovedResources.Add(name);
                else
                    response.Resources.Add(resource.Versioned);
            }

            if (subscription.UnderWay.Count > 0 || subscription.AnswerDue)
            {
                response.Nonce = NextNonce();
                Sent(type, response.Nonce);
                return response;
            }
        }

        return null;
    }

    private void Open(XdsType type, Subscription subscription, DeltaDiscoveryRequest request)
    {
        subscription.IsOpen = true;
        foreach (var (name, version) in request.InitialResourceVersions)
        {
            subscription.Hold(name).Version = version;
            subscription.Waiting.Add(name);
        }

        var explicitly = request.ResourceNamesSubscribe.Where(request.InitialResourceVersions.ContainsKey);
        subscription.Names.UnionWith(explicitly.Where(name => name != "*"));
        if (XdsTypes.IsWhole(type) && request.ResourceNamesSubscribe.Count == 0)
        {
            subscription.AnswerDue = request.InitialResourceVersions.Count == 0;
            Subscribe(type, ["*"], again: false);
        }
        else if (request.ResourceNamesSubscribe.Contains("*"))
        {
            subscription.AnswerDue = request.InitialResourceVersions.Count == 0;
        }

        // What it has and does not want is its own affair.
        foreach (var name in request.InitialResourceVersions.Keys.Where(name => !subscription.IsWildcard && !request.ResourceNamesSubscribe.Contains("*") && !subscription.Names.Contains(name)))
        {
            subscription.Held.Remove(name);
            subscription.Waiting.Remove(name);
        }
    }
}
