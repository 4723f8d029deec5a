using System.Net;
using System.Net.Sockets;

namespace Dashboard.Tests.Support;

/// <summary>
/// Ports that nobody listens on, for programs that are told theirs. They lie below the range that the kernel gives to outgoing connections: one of those would take the port before the program
/// does, or while it is down, and a client that keeps connecting to a port of that range on loopback meets itself sooner or later.
/// </summary>
internal static class FreePort
{
    private const int Lowest = 10_000;
    private static readonly int Highest = LowestOutgoing() - 1;

    // Runs of the tests beside each other start at different places.
    private static int _next = Environment.ProcessId * 97 % (Highest - Lowest);

    public static int Tcp()
    {
        for (var tries = 0; tries < Highest - Lowest; tries++)
        {
            var port = Lowest + Interlocked.Increment(ref _next) % (Highest - Lowest);
            if (IsFree(port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"No port from {Lowest} to {Highest} is free.");
    }

    private static bool IsFree(int port)
    {
        using var stream = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var datagram = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            stream.Bind(new IPEndPoint(IPAddress.Loopback, port));
            datagram.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int LowestOutgoing()
    {
        const string Range = "/proc/sys/net/ipv4/ip_local_port_range";
        return File.Exists(Range) && int.TryParse(File.ReadAllText(Range).Split('\t', ' ')[0], out var lowest) && lowest > Lowest + 1000 ? lowest : 32_768;
    }
}
