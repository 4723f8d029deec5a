using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Dashboard.Tests.Support;

/// <summary>
/// An address on loopback that answers no SYN: a listener for which the kernel drops whatever comes. The filter is there before it listens, so that nobody ever gets in.
/// </summary>
internal sealed class BlackHole : IDisposable
{
    private const int SolSocket = 1;
    private const int SoAttachFilter = 26;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <param name="port">0 = any that is free.</param>
    public BlackHole(int port = 0)
    {
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        DropEverything();
        _listener.Listen();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    public int Port => EndPoint.Port;

    public void Dispose() => _listener.Dispose();

    // A packet filter of one instruction, BPF_RET | BPF_K with 0: keep no byte of any packet.
    private void DropEverything()
    {
        byte[] instruction = [6, 0, 0, 0, 0, 0, 0, 0];
        var place = Marshal.AllocHGlobal(instruction.Length);
        try
        {
            Marshal.Copy(instruction, 0, place, instruction.Length);
            var program = new byte[16];
            BinaryPrimitives.WriteUInt16LittleEndian(program, 1);
            BinaryPrimitives.WriteInt64LittleEndian(program.AsSpan(8), place);
            _listener.SetRawSocketOption(SolSocket, SoAttachFilter, program);
        }
        finally
        {
            Marshal.FreeHGlobal(place);
        }
    }
}
