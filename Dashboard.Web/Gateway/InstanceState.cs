using System.Net;
using System.Net.Sockets;
using Dashboard.Core.Balancing;
using Dashboard.Core.Traffic;

namespace Dashboard.Web.Gateway;

/// <summary>
/// What the gateway remembers of one instance, whatever serving sets it appears in: its open exchanges, its counters, its connect failures. Outlives the instance's
/// place in the serving set, because what is in flight goes on.
/// </summary>
internal sealed class InstanceState(string service, string id)
{
    private const int FailuresToEject = 3;
    private const int KeptExchanges = 256;

    // Guards the list of open exchanges and the growing of _callers. Held for a few instructions; nothing is awaited under it.
    private readonly Lock _gate = new();
    private CallerCounters?[] _callers = [];
    private Exchange? _oldest;
    private Exchange? _newest;
    private Exchange? _kept;
    private int _keptCount;
    private int _tunnels;
    private string? _prefix;
    private int _connectFailures;
    private long _ejectedUntil;

    public string Service { get; } = service;

    public string Id { get; } = id;

    /// <summary>Open exchanges, as balancing reads them.</summary>
    public InFlightCounter InFlight { get; } = new();

    /// <summary>Until when (a timestamp) it is kept out after connect failures; 0 = it is not.</summary>
    public long EjectedUntil => Volatile.Read(ref _ejectedUntil);

    /// <summary>Where it is reached, for example <c>http://10.0.0.1:8080</c>. Called under the lock of <see cref="GatewayTables"/>.</summary>
    public string PrefixFor(string address, int port)
    {
        var prefix = IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetworkV6 ? $"http://[{address}]:{port}" : $"http://{address}:{port}";
        return _prefix == prefix ? _prefix : _prefix = prefix;
    }

    public Exchange Begin(HttpContext context, TrafficCaller caller, long now, Tunnel? tunnel)
    {
        InFlight.Increment();
        var counters = CountersOf(caller);
        counters.Begun();
        lock (_gate)
        {
            var exchange = _kept;
            if (exchange is null)
            {
                exchange = new();
            }
            else
            {
                _kept = exchange.Newer;
                _keptCount--;
            }

            exchange.Context = context;
            exchange.Counters = counters;
            exchange.Started = now;
            exchange.Tunnel = tunnel;
            exchange.Older = _newest;
            exchange.Newer = null;
            if (_newest is null)
            {
                _oldest = exchange;
            }
            else
            {
                _newest.Newer = exchange;
            }

            _newest = exchange;
            _tunnels += tunnel is null ? 0 : 1;
            return exchange;
        }
    }

    public void End(Exchange exchange, bool failed, TimeSpan? latency)
    {
        InFlight.Decrement();
        exchange.Counters!.Ended(failed, latency);
        lock (_gate)
        {
            _tunnels -= exchange.Tunnel is null ? 0 : 1;
            if (exchange.Older is null)
            {
                _oldest = exchange.Newer;
            }
            else
            {
                exchange.Older.Newer = exchange.Newer;
            }

            if (exchange.Newer is null)
            {
                _newest = exchange.Older;
            }
            else
            {
                exchange.Newer.Older = exchange.Older;
            }

            exchange.Context = null;
            exchange.Counters = null;
            exchange.Tunnel = null;
            exchange.Older = null;
            exchange.Newer = null;
            if (_keptCount < KeptExchanges)
            {
                exchange.Newer = _kept;
                _kept = exchange;
                _keptCount++;
            }
        }
    }

    /// <summary>Cuts everything that is open: WebSockets are closed with 1001, the rest is reset.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            // Under the lock, so that none ends meanwhile and its context is used for another request. Kestrel runs what an abort causes on the thread pool.
            for (var exchange = _oldest; exchange is not null; exchange = exchange.Newer)
            {
                if (exchange.Tunnel is { } tunnel)
                {
                    tunnel.Close();
                }
                else
                {
                    exchange.Context!.Abort();
                }
            }
        }
    }

    /// <summary>What is open: everything, and of these WebSockets and exchanges that began before <paramref name="longLivedBefore"/>.</summary>
    public (int Requests, int LongLived) Open(long longLivedBefore)
    {
        lock (_gate)
        {
            var longLived = _tunnels;
            for (var exchange = _oldest; exchange is not null && exchange.Started < longLivedBefore; exchange = exchange.Newer)
            {
                longLived += exchange.Tunnel is null ? 1 : 0;
            }

            return (InFlight.Value, longLived);
        }
    }

    /// <summary>Takes what was counted since the last call. Returns whether there was anything.</summary>
    public bool TakeRows(ICollection<TrafficRow> rows)
    {
        var any = false;
        foreach (var counters in Volatile.Read(ref _callers))
        {
            if (counters?.Take(Service, Id) is { } row)
            {
                rows.Add(row);
                any = true;
            }
        }

        return any;
    }

    /// <summary>It took a connection. Returns true when that ends its ejection.</summary>
    public bool Connected()
    {
        if (Volatile.Read(ref _connectFailures) == 0)
        {
            return false;
        }

        Volatile.Write(ref _connectFailures, 0);
        return Interlocked.Exchange(ref _ejectedUntil, 0) != 0;
    }

    /// <summary>It did not take a connection. Returns true when that begins its ejection.</summary>
    /// <param name="ejectUntil">Until when to eject it if this is the third time in a row, or a trial.</param>
    public bool ConnectFailed(long ejectUntil) =>
        Interlocked.Increment(ref _connectFailures) >= FailuresToEject && Interlocked.Exchange(ref _ejectedUntil, ejectUntil) == 0;

    /// <summary>After an ejection one request at a time tries the instance. True when this one may.</summary>
    public bool TryEnter(long now, long trialUntil)
    {
        var until = EjectedUntil;
        return until == 0 || (now >= until && Interlocked.CompareExchange(ref _ejectedUntil, trialUntil, until) == until);
    }

    private CallerCounters CountersOf(TrafficCaller caller)
    {
        var callers = Volatile.Read(ref _callers);
        return caller.Index < callers.Length && callers[caller.Index] is { } counters ? counters : AddCaller(caller);
    }

    private CallerCounters AddCaller(TrafficCaller caller)
    {
        lock (_gate)
        {
            if (caller.Index < _callers.Length && _callers[caller.Index] is { } known)
            {
                return known;
            }

            var grown = new CallerCounters?[Math.Max(_callers.Length, caller.Index + 1)];
            _callers.CopyTo(grown, 0);
            var counters = grown[caller.Index] = new(caller);
            Volatile.Write(ref _callers, grown);
            return counters;
        }
    }
}
