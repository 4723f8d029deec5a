using System.Net;
using System.Net.Sockets;
using System.Text;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Agent;
using Dashboard.Tests.Support;
using Dashboard.Web.Discovery.Agent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Wire.HAProxy;

public sealed class AgentServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FollowerTable _followers = new(TimeProvider.System);
    private readonly FakeServingSource _source = new(ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1"), ServingSets.Endpoint("o-2", "10.0.0.2", weight: 25)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Line_InPieces_IsAnsweredAndTheAskerFollowsAtTheRevisionItWasTold()
    {
        await using var server = await StartAsync(new());
        using var socket = await ConnectAsync(server);
        socket.NoDelay = true;
        foreach (var letter in "orders/o-2\n"u8.ToArray())
        {
            await socket.SendAsync(new[] { letter });
        }

        Assert.Equal("ready up 25%\n", await ReadToEndAsync(socket));
        await Eventually.TrueAsync(() => _followers.Find("haproxy:127.0.0.1")?.AcknowledgedOf("orders", _source.Current.Generation) == 1, Patience, "it has acknowledged revision 1", Cancellation);
    }

    [Fact]
    public async Task Catalog_NotLoadedYet_GetsNoAnswerAndSoNoChange()
    {
        await using var server = await StartAsync(new(), FakeServingSource.NotLoaded());

        Assert.Equal("", await AskAsync(server, "orders/o-1\n"));
        Assert.Empty(_followers.Current);
    }

    [Fact]
    public async Task Line_ThatIsNoQuestion_GetsNoStateAndNoFollower()
    {
        await using var server = await StartAsync(new());

        var answer = await AskAsync(server, "GET / HTTP/1.1\r\n");

        Assert.StartsWith("#", answer, StringComparison.Ordinal);
        Assert.Empty(_followers.Current);
    }

    [Fact]
    public async Task Client_SilentOrEndless_IsClosed()
    {
        await using var server = await StartAsync(new() { Timeout = TimeSpan.FromMilliseconds(200) });
        using var silent = await ConnectAsync(server);

        Assert.Equal("", await ReadToEndAsync(silent));
        Assert.Equal("", await AskAsync(server, new string('x', 600)));
        Assert.Equal("ready up 100%\n", await AskAsync(server, "orders/o-1\n"));
    }

    [Fact]
    public async Task Connections_MoreThanAllowed_AreClosedUntilOneLeaves()
    {
        await using var server = await StartAsync(new() { MaxConnections = 1 });
        var first = await ConnectAsync(server);
        await first.SendAsync("ord"u8.ToArray());

        Assert.Equal("", await AskAsync(server, "orders/o-1\n"));
        first.Dispose();
        await Eventually.TrueAsync(async () => await AskAsync(server, "orders/o-1\n") == "ready up 100%\n", Patience, () => "the place is free again", Cancellation);
    }

    private async Task<AgentServer> StartAsync(AgentOptions options, FakeServingSource? source = null)
    {
        var server = new AgentServer(
            options with { Endpoints = [new(IPAddress.Loopback, 0)] }, source ?? _source, null, _followers, TimeProvider.System, NullLogger<AgentServer>.Instance);
        await server.StartAsync(Cancellation);
        return server;
    }

    private static async Task<Socket> ConnectAsync(AgentServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Endpoints[0], Cancellation);
        return socket;
    }

    private static async Task<string> AskAsync(AgentServer server, string line)
    {
        using var socket = await ConnectAsync(server);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(line), Cancellation);
        }
        catch (SocketException)
        {
            return "";
        }

        return await ReadToEndAsync(socket);
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        try
        {
            return await reader.ReadToEndAsync(patience.Token);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
