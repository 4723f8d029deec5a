using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.HAProxy;

/// <summary>One server as HAProxy's statistics have it.</summary>
/// <param name="Weight">What it gives the server now; 0 while it gets no new traffic.</param>
/// <param name="Sessions">Sessions since the start.</param>
internal sealed record HAProxyServer(string Name, string Status, int Weight, string Address, long Sessions, string AgentStatus, string LastAgent);

/// <summary>A real HAProxy with one of the example configurations, its ports replaced.</summary>
internal sealed class HAProxyProcess : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private HAProxyProcess(ChildProcess process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    public int Port { get; }

    public string Output => _process.Output;

    /// <param name="example">The configuration's file name; its well-known ports are replaced.</param>
    public static async Task<HAProxyProcess> StartAsync(string example, IReadOnlyDictionary<int, int> ports, CancellationToken cancellationToken, Func<string, string>? change = null)
    {
        var program = Peer.Require("haproxy", "apt-get install haproxy");
        var folder = Directory.CreateTempSubdirectory("dashboard-haproxy-").FullName;
        using var resource = typeof(HAProxyProcess).Assembly.GetManifestResourceStream($"HAProxy/{example}")!;
        using var reader = new StreamReader(resource);
        var text = await reader.ReadToEndAsync(cancellationToken);
        text = change?.Invoke(text) ?? text;
        var port = FreePort.Tcp();
        text = text.Replace("/run/haproxy", folder, StringComparison.Ordinal).Replace(":8080", $":{port}", StringComparison.Ordinal);
        foreach (var (from, to) in ports)
        {
            text = text.Replace($":{from}", $":{to}", StringComparison.Ordinal).Replace($"agent-port {from}", $"agent-port {to}", StringComparison.Ordinal);
        }

        var file = Path.Combine(folder, "haproxy.cfg");
        await File.WriteAllTextAsync(file, text, cancellationToken);
        var haproxy = new HAProxyProcess(ChildProcess.Start(program, "-db", "-f", file), folder, port);
        await Eventually.TrueAsync(
            async () => !haproxy._process.HasExited && (await haproxy.ServersAsync(cancellationToken)).Count > 0, TimeSpan.FromSeconds(10), () => $"HAProxy runs; it said:\n{haproxy.Output}", cancellationToken);
        return haproxy;
    }

    /// <summary>The servers of backend <c>orders</c>, by name.</summary>
    public async Task<IReadOnlyDictionary<string, HAProxyServer>> ServersAsync(CancellationToken cancellationToken)
    {
        var lines = (await AskAsync("show stat", cancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0)
            return new Dictionary<string, HAProxyServer>();

        var columns = lines[0].TrimStart('#', ' ').Split(',').Select((name, index) => (name, index)).ToDictionary(pair => pair.name, pair => pair.index);
        return lines.Skip(1).Select(line => line.Split(','))
            .Where(cells => cells[columns["pxname"]] == "orders" && cells[columns["type"]] == "2")
            .Select(cells => new HAProxyServer(
                cells[columns["svname"]], cells[columns["status"]], Number(cells[columns["weight"]]), cells[columns["addr"]], Number(cells[columns["stot"]]),
                cells[columns["agent_status"]], cells[columns["last_agt"]]))
            .ToDictionary(server => server.Name);

        static int Number(string text) => text.Length == 0 ? 0 : int.Parse(text, CultureInfo.InvariantCulture);
    }

    public async Task<string> AskAsync(string command, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(_folder, "admin.sock")), cancellationToken);
        }
        catch (SocketException)
        {
            return "";
        }

        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\n"), cancellationToken);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
