using System.Collections.Immutable;
using Google.Rpc;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>
/// What one aggregated stream has asked for, was sent, has accepted and refused; a state machine without a clock and without I/O. Both protocols share it: state of the world and delta.
/// Not safe for several threads: its owner guards it.
/// </summary>
/// <remarks>One response of a type is under way at a time. What changes until the client has answered is sent after that, as it is then: a slow client gets the newest and no queue grows.</remarks>
public abstract class XdsStream
{
    /// <summary>A response is closed when its resources exceed this, and the rest follows in the next: gRPC clients refuse messages above 4 MB.</summary>
    public const int MaximumBytes = 1024 * 1024;

    /// <summary>Names of one type that a stream may ask for.</summary>
    public const int MaximumNames = 50_000;

    private const string Everything = "*";
    private const int MaximumReason = 480;

    private readonly Subscription[] _subscriptions = [new(), new(), new(), new()];
    private long _nonce;

    // Asked for at every revision, by every stream: counted anew only after something happened here.
    private bool? _isCurrent;

    /// <summary>The newest resources; null until something was loaded.</summary>
    public XdsView? View { get; private set; }

    /// <summary>The services whose instances the client follows.</summary>
    public IReadOnlyCollection<string> Services => Of(XdsType.Endpoints).Names;

    /// <summary>Counts changes of <see cref="Services"/>.</summary>
    public int ServicesVersion { get; private set; }

    /// <summary>The last thing that it refused and has not taken anything newer of.</summary>
    public XdsRefusal? Refusal { get; private set; }

    /// <summary>Everything that it asked for was sent as it is now and accepted.</summary>
    public bool IsCurrent => _isCurrent ??= View is not null
        && _subscriptions.All(one => !one.IsUnderWay && one.Waiting.Count == 0 && !one.AnswerDue && one.Held.Values.All(held => held.AcceptedUntil is null));

    /// <summary>There are newer resources.</summary>
    /// <param name="changed">Those that differ from the last view's; null: any may.</param>
    /// <returns>True when something may have to be sent.</returns>
    public bool Offer(XdsView view, IReadOnlyCollection<XdsKey>? changed)
    {
        ArgumentNullException.ThrowIfNull(view);
        var before = View;
        View = view;
        if (before is null || changed is null)
        {
            _isCurrent = null;
            foreach (var (type, subscription) in Open())
                LookAtAll(type, subscription);

            return true;
        }

        var any = false;
        foreach (var (type, name) in changed)
        {
            var subscription = Of(type);
            if (!subscription.Wants(name))
                continue;

            subscription.Waiting.Add(name);
            subscription.Hold(name).AcceptedUntil ??= before.Revision;
            _isCurrent = null;
            any = true;
        }

        return any;
    }

    /// <summary>
    /// Up to which revision the client has taken what it follows. In full: by service where some of it was refused; null for as long as only answers are awaited, or nothing was asked for.
    /// </summary>
    /// <param name="byService">Null: all are at the result.</param>
    public long? Accepted(out ImmutableDictionary<string, long>? byService)
    {
        byService = null;
        if (View is null || Services.Count == 0)
            return null;

        if (IsCurrent)
            return View.Revision;

        if (Refusal is null)
            return null;

        var lowest = View.Revision;
        var behind = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (type, subscription) in Open())
        {
            foreach (var (name, held) in subscription.Held)
            {
                if (held.AcceptedUntil is not { } until)
                    continue;

                lowest = Math.Min(lowest, until);
                if (View.Dialect.IsByService(type))
                    behind[name] = Math.Min(until, behind.GetValueOrDefault(name, long.MaxValue));
            }
        }

        var head = View.Revision;
        byService = Services.ToImmutableDictionary(service => service, service => behind.GetValueOrDefault(service, head), StringComparer.Ordinal);
        return lowest;
    }

    private protected Subscription Of(XdsType type) => _subscriptions[(int)type];

    /// <summary>What a request changes; everything else follows from it.</summary>
    private protected Subscription Touch(XdsType type)
    {
        _isCurrent = null;
        return Of(type);
    }

    private protected string NextNonce() => (++_nonce).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The client wants these too. Those that it wanted before are sent anew where <paramref name="again"/>.</summary>
    /// <exception cref="XdsLimitException">Too many names.</exception>
    private protected void Subscribe(XdsType type, IEnumerable<string> names, bool again)
    {
        var subscription = Touch(type);
        foreach (var name in names)
        {
            if (name == Everything)
            {
                subscription.IsWildcard = true;
                LookAtAll(type, subscription);
            }
            else if (subscription.Names.Add(name) || again)
            {
                Ask(type, subscription, name);
            }
        }

        if (subscription.Names.Count > MaximumNames)
            throw new XdsLimitException($"More than {MaximumNames} resources of {XdsTypes.Name(type)} were asked for on one stream.");

        NoteServices(type);
    }

    private protected void Unsubscribe(XdsType type, IEnumerable<string> names)
    {
        var subscription = Touch(type);
        foreach (var name in names)
        {
            if (name == Everything)
            {
                subscription.IsWildcard = false;
                foreach (var held in subscription.Held.Keys.Where(held => !subscription.Names.Contains(held)).ToArray())
                    Drop(subscription, held);
            }
            else if (subscription.Names.Remove(name))
            {
                if (subscription.IsWildcard)
                    Ask(type, subscription, name);
                else
                    Drop(subscription, name);
            }
        }

        NoteServices(type);
    }

    /// <summary>Takes the client's word on the last response: no error is an acceptance. A word on any other response is ignored.</summary>
    private protected void Answer(XdsType type, string nonce, Status? error)
    {
        var subscription = Touch(type);
        if (!subscription.IsUnderWay || nonce != subscription.Nonce)
            return;

        subscription.IsUnderWay = false;
        if (error is null)
            Accept(type, subscription);
        else
            Refuse(type, subscription, error.Message);

        subscription.UnderWay.Clear();
    }

    private protected void LookAtAll(XdsType type, Subscription subscription)
    {
        if (View is null)
            return;

        if (subscription.IsWildcard)
            subscription.Waiting.UnionWith(View.All(type).Keys);

        subscription.Waiting.UnionWith(subscription.Names);
        subscription.Waiting.UnionWith(subscription.Held.Keys);
        foreach (var name in subscription.Waiting)
            subscription.Hold(name).AcceptedUntil ??= 0;
    }

    /// <summary>The types in the order of make before break: what is pointed at, then what points; and what nothing points at any more goes last.</summary>
    private protected XdsType? NextType()
    {
        if (View is null)
            return null;

        _isCurrent = null;
        for (var type = XdsType.Cluster; (int)type < XdsTypes.Count; type++)
        {
            var subscription = Of(type);
            if (!subscription.IsOpen)
                continue;

            Settle(type, subscription);
            if (!subscription.AnswerDue && subscription.Waiting.All(name => IsHeldBack(type, name)))
                continue;

            // What follows may point at what this response would bring.
            return subscription.IsUnderWay ? null : type;
        }

        return null;
    }

    /// <summary>A removal of what other resources still point at waits until these are sent.</summary>
    private protected bool IsHeldBack(XdsType type, string name) =>
        type is XdsType.Cluster or XdsType.Endpoints && View!.Find(type, name) is null && (HasWork(XdsType.Listener) || HasWork(XdsType.Route));

    /// <summary>What to tell of a name; false when the client has it so already.</summary>
    private protected bool Differs(XdsType type, Subscription subscription, string name, out XdsResource? resource)
    {
        resource = View!.Find(type, name);
        var held = subscription.Hold(name);
        return held.Asked || (resource is null ? held.Version is not null : held.Version != resource.Version && held.Refused != resource.Version);
    }

    /// <summary>Notes that a response was made.</summary>
    private protected void Sent(XdsType type, string nonce)
    {
        var subscription = Of(type);
        subscription.Nonce = nonce;
        subscription.IsUnderWay = true;
        subscription.AnswerDue = false;
        subscription.SentRevision = View!.Revision;
        foreach (var (name, resource) in subscription.UnderWay)
        {
            // Envoy waits for the instances of a cluster that it takes anew, also when it has them.
            if (type == XdsType.Cluster && subscription.Held.TryGetValue(name, out var held) && held.Good is not null && Of(XdsType.Endpoints) is { IsOpen: true } endpoints && endpoints.Wants(name))
                Ask(XdsType.Endpoints, endpoints, name);

            if (resource is null)
                NoteGone(subscription, name);
            else
                (subscription.Hold(name).Version, subscription.Hold(name).Asked) = (resource.Version, false);
        }
    }

    /// <summary>The client has nothing of this name any more, and nobody has to accept that.</summary>
    private protected static void NoteGone(Subscription subscription, string name)
    {
        if (subscription.Names.Contains(name))
            subscription.Held[name] = new();
        else
            subscription.Held.Remove(name);
    }

    // Names whose change came to nothing meanwhile are done.
    private void Settle(XdsType type, Subscription subscription)
    {
        if (subscription.Waiting.Count == 0)
            return;

        foreach (var name in subscription.Waiting.Where(name => !Differs(type, subscription, name, out _)).ToArray())
        {
            subscription.Waiting.Remove(name);
            var held = subscription.Held[name];
            var resource = View!.Find(type, name);
            if (subscription.IsUnderWay && subscription.UnderWay.Exists(one => one.Name == name))
                continue;

            if (resource is null)
            {
                NoteGone(subscription, name);
            }
            else if (held.Refused != resource.Version)
            {
                // What was refused was taken back, and the client has the rest.
                held.AcceptedUntil = null;
                held.Refused = null;
            }
        }

        ForgetRefusal();
    }

    private bool HasWork(XdsType type)
    {
        var subscription = Of(type);
        return subscription.IsOpen && subscription.Waiting.Any(name => Differs(type, subscription, name, out _));
    }

    private void Ask(XdsType type, Subscription subscription, string name)
    {
        var held = subscription.Hold(name);
        held.Asked = true;
        held.Refused = null;
        if (View?.Find(type, name) is not null)
            held.AcceptedUntil ??= held.Good is null ? 0 : View.Revision;

        subscription.Waiting.Add(name);
    }

    private static void Drop(Subscription subscription, string name)
    {
        subscription.Held.Remove(name);
        subscription.Waiting.Remove(name);
    }

    private void Accept(XdsType type, Subscription subscription)
    {
        foreach (var (name, resource) in subscription.UnderWay)
        {
            if (resource is null || !subscription.Held.TryGetValue(name, out var held))
                continue;

            held.Good = resource;
            held.Refused = null;
            // What changed since is accepted with its own response.
            held.AcceptedUntil = subscription.Waiting.Contains(name) && View!.Find(type, name)?.Version != resource.Version ? subscription.SentRevision : null;
        }

        ForgetRefusal();
    }

    private void ForgetRefusal()
    {
        if (Refusal is not null && !_subscriptions.Any(one => one.Held.Values.Any(held => held.Refused is not null)))
            Refusal = null;
    }

    private void Refuse(XdsType type, Subscription subscription, string message)
    {
        var named = subscription.UnderWay.Where(one => one.Resource is not null && IsNamed(message, one.Name)).Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        var refused = new List<string>();
        foreach (var (name, resource) in subscription.UnderWay)
        {
            if (resource is null || !subscription.Held.TryGetValue(name, out var held))
                continue;

            held.Version = held.Good?.Version;
            if (named.Count == 0 || named.Contains(name))
            {
                held.Refused = resource.Version;
                refused.Add(name);
            }
            else
            {
                // It was in bad company only.
                subscription.Waiting.Add(name);
            }
        }

        var what = refused.Count switch { 0 => "", <= 3 => $" {string.Join(", ", refused)}", _ => $" {string.Join(", ", refused.Take(3))} and {refused.Count - 3} more" };
        var reason = $"{XdsTypes.Name(type)}{what} at version {subscription.SentRevision}: {message}";
        Refusal = new(subscription.SentRevision, reason.Length <= MaximumReason ? reason : reason[..MaximumReason]);
    }

    /// <summary>True when the text names the resource as a word of its own.</summary>
    private static bool IsNamed(string text, string name)
    {
        for (var at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            if ((at == 0 || !IsOfName(text, at - 1)) && (at + name.Length == text.Length || !IsOfName(text, at + name.Length)))
                return true;
        }

        return false;
    }

    // A full stop ends a sentence, too; within a name something follows it.
    private static bool IsOfName(string text, int at) =>
        char.IsAsciiLetterOrDigit(text[at]) || text[at] is '-' or '_' || (text[at] == '.' && at + 1 < text.Length && char.IsAsciiLetterOrDigit(text[at + 1]));

    private void NoteServices(XdsType type)
    {
        if (type == XdsType.Endpoints)
            ServicesVersion++;
    }

    private IEnumerable<(XdsType Type, Subscription Subscription)> Open() =>
        _subscriptions.Select((subscription, index) => ((XdsType)index, subscription)).Where(one => one.subscription.IsOpen);
}
