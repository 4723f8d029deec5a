using System.Collections.Immutable;
using System.Threading.Channels;

namespace Dashboard.Core.Discovery.Xds;

/// <summary>
/// One client's aggregated stream while it is open: guards its state machine, wakes whoever writes to it, and keeps the table of followers up to date. Safe for many threads.
/// </summary>
/// <typeparam name="TStream">Which protocol it speaks.</typeparam>
public sealed class XdsSession<TStream> : IXdsSession, IDisposable
    where TStream : XdsStream
{
    private readonly Lock _gate = new();
    private readonly TStream _stream;
    private readonly XdsIndex _index;
    private readonly XdsPeer _peer;
    private readonly FollowerTable _followers;

    // One mark is enough: what there is to send is looked up when it is sent.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private IDisposable _open;
    private int _servicesVersion;
    private (Guid Generation, long Revision, bool Whole) _told;
    private XdsRefusal? _refusal;
    private bool _closed;

    internal XdsSession(TStream stream, XdsIndex index, XdsPeer peer, FollowerTable followers)
    {
        _stream = stream;
        _index = index;
        _peer = peer;
        _followers = followers;
        _open = followers.Open(peer.Id, peer.Dialect.Kind, peer.Address, [], reports: false);
    }

    XdsDialect IXdsSession.Dialect => _peer.Dialect;

    /// <summary>Changes the stream's state by a request and tells the table of followers what follows from that.</summary>
    /// <exception cref="XdsLimitException">See the stream.</exception>
    public void Receive(Action<TStream> request)
    {
        ArgumentNullException.ThrowIfNull(request);
        lock (_gate)
        {
            request(_stream);
            Follow();
            Tell();
        }

        _wake.Writer.TryWrite(true);
    }

    /// <summary>Takes the next response from the stream; null when there is none.</summary>
    public TResponse? Next<TResponse>(Func<TStream, TResponse?> next)
        where TResponse : class
    {
        ArgumentNullException.ThrowIfNull(next);
        lock (_gate)
        {
            var response = next(_stream);
            // What came to nothing is taken without an answer.
            if (response is null)
                Tell();

            return response;
        }
    }

    /// <summary>Waits until there may be something to send.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await _wake.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
        _wake.Reader.TryRead(out _);
    }

    void IXdsSession.Offer(XdsView view, ImmutableArray<XdsKey>? changed)
    {
        lock (_gate)
        {
            if (!_stream.Offer(view, changed))
                return;
        }

        _wake.Writer.TryWrite(true);
    }

    void IXdsSession.Tell()
    {
        lock (_gate)
        {
            Tell();
        }
    }

    public void Dispose()
    {
        _index.Detach(this);
        lock (_gate)
        {
            _closed = true;
            _open.Dispose();
        }
    }

    // The table takes what is followed with an opened stream: the new one is opened before the old one is closed, so that the follower never counts as gone.
    private void Follow()
    {
        if (_closed || _servicesVersion == _stream.ServicesVersion)
            return;

        _servicesVersion = _stream.ServicesVersion;
        var before = _open;
        _open = _followers.Open(_peer.Id, _peer.Dialect.Kind, _peer.Address, [.. _stream.Services], reports: false);
        before.Dispose();
    }

    private void Tell()
    {
        if (_closed || _stream.View is not { } view)
            return;

        if (_stream.Refusal != _refusal)
        {
            _refusal = _stream.Refusal;
            if (_refusal is not null)
                _followers.Refuse(_peer.Id, _refusal.Revision, _refusal.Reason);
            // A whole acknowledgement below also takes the refusal back.
            _told = default;
        }

        if (_stream.Accepted(out var byService) is not { } lowest)
            return;

        var telling = (view.Generation, view.Revision, byService is null);
        if (_told == telling)
            return;

        _told = telling;
        if (byService is null)
            _followers.Acknowledge(_peer.Id, view.Generation, lowest);
        else
            _followers.Acknowledge(_peer.Id, view.Generation, byService, lowest);
    }
}
