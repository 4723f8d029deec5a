using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dashboard.Core.Discovery.Dns;

namespace Dashboard.Web.Discovery.Dns;

/// <summary>
/// One client's connection: questions behind a length each (RFC 1035 section 4.2.2), answered in the order in which they come. What has arrived together is answered together, in one
/// write of at most one buffer; a client that sends without reading is not read further.
/// </summary>
internal sealed class DnsConnection(Socket socket, IPAddress client, DnsDesk desk, ulong seed)
{
    private const int Prefix = 2;

    /// <summary>Longer questions do not exist: the connection is closed.</summary>
    private const int LargestQuestion = 4096;

    private const int OutputSize = 2 * (Prefix + DnsResponder.MaxStreamed);

    private readonly byte[] _address = client.GetAddressBytes();
    private readonly byte[] _input = new byte[Prefix + LargestQuestion];
    private ulong _ticket;

    /// <summary>Serves until the client closes, is idle, breaks the protocol, or all is stopped. Never throws.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            socket.NoDelay = true;
            _ticket = DnsClients.Fingerprint(_address) ^ (ulong)desk.Time.GetTimestamp();
            using var patience = new CancellationTokenSource(Timeout.InfiniteTimeSpan, desk.Time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            await ServeAsync(patience, stop.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Idle for too long, hung up, or all is stopped.
        }
#pragma warning disable CA1031 // One connection must never take the listener with it; what it was is in the log.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            desk.Logger.LogError(failure, "DNS questions of {Client} could not be answered", client);
        }
    }

    private async Task ServeAsync(CancellationTokenSource patience, CancellationToken stop)
    {
        var filled = 0;
        while (true)
        {
            // The clock runs for a whole question, so that one byte now and then does not keep a connection.
            patience.CancelAfter(desk.Options.Timeout);
            do
            {
                var read = await socket.ReceiveAsync(_input.AsMemory(filled), SocketFlags.None, stop);
                if (read == 0)
                    return;

                filled += read;
            }
            while (!HoldsQuestion(filled, out var tooLong) && !tooLong);

            // A buffer is held only while there is something to answer: idle connections cost their input alone.
            var output = ArrayPool<byte>.Shared.Rent(OutputSize);
            try
            {
                var used = 0;
                while (HoldsQuestion(filled - used, out _, used))
                {
                    used += Answer(used, filled, output, out var written);
                    patience.CancelAfter(desk.Options.Timeout);
                    for (var sent = 0; sent < written;)
                    {
                        sent += await socket.SendAsync(output.AsMemory(sent, written - sent), SocketFlags.None, stop);
                    }
                }

                _input.AsSpan(used, filled - used).CopyTo(_input);
                filled -= used;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(output);
            }

            HoldsQuestion(filled, out var broken);
            if (broken)
                return;
        }
    }

    /// <summary>Answers the whole questions that wait, as many as surely fit. Returns the bytes of input that were used.</summary>
    private int Answer(int from, int filled, byte[] output, out int written)
    {
        written = 0;
        var at = from;
        while (HoldsQuestion(filled - at, out _, at) && OutputSize - written >= Prefix + DnsResponder.MaxStreamed)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(_input.AsSpan(at));
            var reply = desk.Responder.Answer(
                _input.AsSpan(at + Prefix, length),
                output.AsSpan(written + Prefix),
                new(Stream: true, DnsClients.Fingerprint(_address) ^ seed, _ticket++));
            desk.Counters.Count(reply);
            if (reply.Service is not null)
                desk.Clients.Asked(_address, reply.Service, desk.Time.GetTimestamp());

            if (reply.Length > 0)
            {
                BinaryPrimitives.WriteUInt16BigEndian(output.AsSpan(written), (ushort)reply.Length);
                written += Prefix + reply.Length;
            }

            at += Prefix + length;
        }

        return at - from;
    }

    private bool HoldsQuestion(int available, out bool tooLong, int at = 0)
    {
        tooLong = false;
        if (available < Prefix)
            return false;

        var length = BinaryPrimitives.ReadUInt16BigEndian(_input.AsSpan(at));
        tooLong = length > LargestQuestion;
        return !tooLong && available >= Prefix + length;
    }
}
