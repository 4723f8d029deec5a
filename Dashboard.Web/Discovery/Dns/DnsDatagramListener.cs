using System.Net;
using System.Net.Sockets;
using Dashboard.Core.Discovery.Dns;

namespace Dashboard.Web.Discovery.Dns;

/// <summary>
/// Answers over UDP on one address. A few threads of its own wait in the socket and answer where they stand: two system calls a question and nothing in between, where an
/// asynchronous receive adds a poll and a wake-up of the thread pool. Each thread has its buffers for good; nothing is allocated for an answer.
/// </summary>
internal sealed class DnsDatagramListener : IDisposable
{
    // Larger questions do not exist; what is longer is cut and fails to parse.
    private const int LargestQuestion = 4096;

    private readonly Socket _socket;
    private readonly DnsDesk _desk;
    private readonly Thread[] _threads;
    private readonly ulong _seed;
    private volatile bool _stopped;

    /// <exception cref="SocketException">The address is taken or not this host's.</exception>
    public DnsDatagramListener(IPEndPoint endpoint, DnsDesk desk, int threads, ulong seed)
    {
        _desk = desk;
        _seed = seed;
        _socket = new(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _socket.ReceiveBufferSize = 4 << 20;
            _socket.SendBufferSize = 1 << 20;
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
                _socket.DualMode = endpoint.Address.Equals(IPAddress.IPv6Any);

            _socket.Bind(endpoint);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _threads = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => Serve((ulong)i)) { IsBackground = true, Name = $"dns udp {i}" })];
    }

    public IPEndPoint Endpoint => (IPEndPoint)_socket.LocalEndPoint!;

    public void Start()
    {
        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    public void Dispose()
    {
        _stopped = true;
        _socket.Dispose();
        foreach (var thread in _threads.Where(thread => thread.IsAlive))
        {
            thread.Join(TimeSpan.FromSeconds(2));
        }
    }

    private void Serve(ulong number)
    {
        var question = new byte[LargestQuestion];
        var answer = new byte[DnsResponder.MaxDatagram];
        var source = new SocketAddress(_socket.AddressFamily);

        // Threads start apart, so that each turns the records round by itself without a shared counter.
        var ticket = number << 32;
        while (!_stopped)
        {
            try
            {
                source.Size = source.Buffer.Length;
                var length = _socket.ReceiveFrom(question, SocketFlags.None, source);
                var reply = Answer(question.AsSpan(0, length), answer, source, ticket++);
                if (reply > 0)
                    _socket.SendTo(answer.AsSpan(0, reply), SocketFlags.None, source);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                // An unreachable client, a full send buffer, a packet too long: nothing that ends the listener.
                if (!_stopped)
                    _desk.Logger.LogDebug(failure, "DNS over UDP on {Endpoint}", _socket.LocalEndPoint);
            }
#pragma warning disable CA1031 // One packet must never end the listener; what it was is in the log.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                _desk.Logger.LogError(failure, "A DNS question could not be answered");
            }
        }
    }

    private int Answer(ReadOnlySpan<byte> question, Span<byte> answer, SocketAddress source, ulong ticket)
    {
        var address = AddressOf(source);
        var now = _desk.Time.GetTimestamp();
        DnsReply reply;
        switch (_desk.Limiter.Judge(address, now))
        {
            case DnsVerdict.Answer:
                reply = _desk.Responder.Answer(question, answer, new(Stream: false, DnsClients.Fingerprint(address) ^ _seed, ticket));
                break;
            case DnsVerdict.AskForStream:
                _desk.Counters.CountLimited();
                reply = DnsResponder.AskForStream(question, answer);
                break;
            default:
                _desk.Counters.CountLimited();
                return 0;
        }

        _desk.Counters.Count(reply);
        if (reply.Service is not null)
            _desk.Clients.Asked(address, reply.Service, now);

        return reply.Length;
    }

    /// <summary>The address inside a sockaddr_in or sockaddr_in6; of an IPv4 client on a dual socket its four bytes.</summary>
    private static ReadOnlySpan<byte> AddressOf(SocketAddress source)
    {
        var bytes = source.Buffer.Span;
        if (source.Family == AddressFamily.InterNetwork)
            return bytes.Slice(4, 4);

        var address = bytes.Slice(8, 16);
        ReadOnlySpan<byte> mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];
        return address.StartsWith(mapped) ? address[12..] : address;
    }
}
