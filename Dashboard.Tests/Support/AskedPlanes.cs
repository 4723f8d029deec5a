using System.Net;
using System.Net.Sockets;
using System.Text;
using ARSoft.Tools.Net.Dns;
using Dashboard.Tests.Core.Discovery.Dns;

namespace Dashboard.Tests.Support;

/// <summary>Asks a console's data planes that answer without credentials who serves. Ids in ordinal order.</summary>
internal static class AskedPlanes
{
    /// <summary>Those whose ports are in the SRV answer; one word when there is none in time.</summary>
    /// <param name="idOf">The instance on a port; null = none that is known.</param>
    /// <param name="patience">How long an answer may take.</param>
    public static string[] Dns(int port, string service, Func<int, string?> idOf, TimeSpan patience)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)patience.TotalMilliseconds };
        socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        var buffer = new byte[65536];
        try
        {
            socket.Send(DnsQuestions.Ask($"_{service}._tcp.mesh", RecordType.Srv, payload: 1232));
            var answer = DnsQuestions.Read(buffer[..socket.Receive(buffer)]);
            return [.. answer.AnswerRecords.OfType<SrvRecord>().Select(record => idOf(record.Port) ?? "?").Order(StringComparer.Ordinal)];
        }
        catch (SocketException)
        {
            return ["no answer"];
        }
    }

    /// <summary>Those of the ids that the agent check calls ready and up.</summary>
    public static async Task<string[]> AgentAsync(int port, string service, IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        var up = new List<string>();
        foreach (var id in ids.Order(StringComparer.Ordinal))
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{service}/{id}\n"), cancellationToken);
            using var reader = new StreamReader(client.GetStream());
            if ((await reader.ReadToEndAsync(cancellationToken)).StartsWith("ready up", StringComparison.Ordinal))
                up.Add(id);
        }

        return [.. up];
    }
}
