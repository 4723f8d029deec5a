using Envoy.Service.Discovery.V3;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>The protocol in which a client names all that it wants with each request, and a response of CDS or LDS lists all that there is.</summary>
public sealed class StateOfTheWorldStream : XdsStream
{
    // Ends once it named anything: from then on no name means nothing.
    private readonly bool[] _neverNamed = [true, true, true, true];

    /// <summary>Takes a request: a subscription, an acceptance or a refusal, or several of these at once. One for a type that is not served is ignored.</summary>
    /// <exception cref="XdsLimitException">It asks for too many resources.</exception>
    public void Receive(DiscoveryRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (XdsTypes.Parse(request.TypeUrl) is not { } type)
            return;

        var subscription = Touch(type);
        if (!subscription.IsOpen)
        {
            subscription.IsOpen = true;
            subscription.AnswerDue = XdsTypes.IsWhole(type);
        }
        else if (request.ResponseNonce.Length > 0 && request.ResponseNonce != subscription.Nonce)
        {
            // It answers a response that was replaced since; its answer to that one carries the same names.
            return;
        }
        else if (request.ResponseNonce.Length > 0)
        {
            Answer(type, request.ResponseNonce, request.ErrorDetail);
        }

        Want(type, subscription, request.ResourceNames);
    }

    /// <summary>The next response; null when there is nothing to say.</summary>
    public DiscoveryResponse? Next()
    {
        while (NextType() is { } type)
        {
            var response = new DiscoveryResponse { TypeUrl = XdsTypes.Url(type), VersionInfo = View!.Version };
            var subscription = Of(type);
            subscription.UnderWay.Clear();
            var due = subscription.AnswerDue;
            if (XdsTypes.IsWhole(type))
            {
                due = true;
                AddAll(type, subscription, response);
            }
            else
            {
                due |= AddWaiting(type, subscription, response);
            }

            if (due)
            {
                response.Nonce = NextNonce();
                Sent(type, response.Nonce);
                return response;
            }
        }

        return null;
    }

    private void Want(XdsType type, Subscription subscription, IReadOnlyCollection<string> names)
    {
        if (names.Count == 0 && _neverNamed[(int)type])
        {
            // The way to ask for everything from before "*".
            if (XdsTypes.IsWhole(type) && !subscription.IsWildcard)
                Subscribe(type, ["*"], again: false);

            return;
        }

        var wanted = names.ToHashSet(StringComparer.Ordinal);
        var wildcard = wanted.Contains("*");
        if (_neverNamed[(int)type] && subscription.IsWildcard && !wildcard)
            Unsubscribe(type, ["*"]);

        _neverNamed[(int)type] = false;
        if (subscription.Names.Count == wanted.Count - (wildcard ? 1 : 0) && subscription.IsWildcard == wildcard && wanted.IsSupersetOf(subscription.Names))
            return;

        Unsubscribe(type, [.. subscription.Names.Where(name => !wanted.Contains(name)), .. subscription.IsWildcard && !wildcard ? ["*"] : Array.Empty<string>()]);
        Subscribe(type, names, again: false);
    }

    // Everything that the client wants and that there is; of what it refused, what it accepted before.
    private void AddAll(XdsType type, Subscription subscription, DiscoveryResponse response)
    {
        var names = subscription.IsWildcard ? View!.All(type).Keys.Union(subscription.Names) : subscription.Names;
        foreach (var name in names)
        {
            var differs = Differs(type, subscription, name, out var resource);
            if (resource is null)
                continue;

            if (differs)
                subscription.UnderWay.Add((name, resource));

            var sent = subscription.Hold(name).Refused == resource.Version ? subscription.Hold(name).Good : resource;
            if (sent is not null)
                response.Resources.Add(sent.Any);
        }

        foreach (var name in subscription.Waiting.Where(name => View!.Find(type, name) is null).ToArray())
        {
            if (!IsHeldBack(type, name))
                subscription.UnderWay.Add((name, null));
            else if (subscription.Hold(name).Good is { } last)
                response.Resources.Add(last.Any);
        }

        subscription.Waiting.RemoveWhere(name => !IsHeldBack(type, name));
    }

    // EDS and RDS: what changed. There is no way to say that one is gone; that follows from what pointed at it.
    private bool AddWaiting(XdsType type, Subscription subscription, DiscoveryResponse response)
    {
        var size = 0;
        foreach (var name in subscription.Waiting.ToArray())
        {
            if (IsHeldBack(type, name))
                continue;

            if (size > MaximumBytes)
                break;

            var differs = Differs(type, subscription, name, out var resource);
            subscription.Waiting.Remove(name);
            if (resource is null)
            {
                NoteGone(subscription, name);
            }
            else if (differs)
            {
                subscription.UnderWay.Add((name, resource));
                response.Resources.Add(resource.Any);
                size += resource.Size;
            }
        }

        return subscription.UnderWay.Count > 0;
    }
}
