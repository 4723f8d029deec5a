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
    private readonly IDisposable _open;
    private int _servicesVersion;
    private ImmutableHashSet<string> _services = [];
    private XdsTaken? _taken;
    private (XdsTaken? Taken, long Revision) _told;
    private XdsRefusal? _refusal;
    private bool _closed;

    internal XdsSession(TStream stream, XdsIndex index, XdsPeer peer, FollowerTable followers)
    {
        _stream = stream;
        _index = index;
        _peer = peer;
        _followers = followers;
        index.Namesakes.Join(this);
        _open = followers.Open(peer.Id, peer.Dialect.Kind, peer.Address, index.Namesakes.Services(peer.Id), reports: false);
    }

    XdsDialect IXdsSession.Dialect => _peer.Dialect;

    string IXdsSession.Id => _peer.Id;

    ImmutableHashSet<string> IXdsSession.Services => Volatile.Read(ref _services);

    XdsTaken? IXdsSession.Taken => Volatile.Read(ref _taken);

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
        ImmutableArray<IXdsSession> others;
        lock (_gate)
        {
            _closed = true;
            others = _index.Namesakes.Leave(this);
            if (!others.IsEmpty)
                _followers.Follow(_peer.Id, _index.Namesakes.Services(_peer.Id));
            _open.Dispose();
        }

        foreach (var other in others)
            other.Tell();
    }

    private void Follow()
    {
        if (_closed || _servicesVersion == _stream.ServicesVersion)
            return;

        _servicesVersion = _stream.ServicesVersion;
        Volatile.Write(ref _services, [.. _stream.Services]);
        _followers.Follow(_peer.Id, _index.Namesakes.Services(_peer.Id));
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

        Note(view);
        // What the others of the same name have not taken is not taken.
        if (_taken is null || _index.Namesakes.TakenByAll(_peer.Id) is not { Lowest: > 0 } taken || _told == (taken, view.Revision))
            return;

        _told = (taken, view.Revision);
        if (taken.ByService is null)
            _followers.Acknowledge(_peer.Id, taken.Generation, taken.Lowest);
        else
            _followers.Acknowledge(_peer.Id, taken.Generation, taken.ByService, taken.Lowest);
    }

    private void Note(XdsView view)
    {
        if (_stream.Services.Count == 0)
            Volatile.Write(ref _taken, null);
        else if (_stream.Accepted(out var byService) is not { } lowest)
            Volatile.Write(ref _taken, _taken ?? XdsTaken.Nothing);
        else if (_taken is not { ByService: null } known || byService is not null || known.Lowest != lowest || known.Generation != view.Generation)
            Volatile.Write(ref _taken, new(view.Generation, lowest, byService));
    }
}
