using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;
using CsCheck;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Dns;
using Dashboard.Tests.Core.Discovery.Dns;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.Dns;

public sealed class DnsListenerTests
{
    private static readonly byte[] Question = DnsQuestions.Ask("orders.mesh", RecordType.A);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Udp_HundredThousandMalformedPackets_NeitherStopNorAmplify()
    {
        const int Packets = 100_000;
        const int Burst = 100;
        const int Numbers = 20_000;
        await using var server = await StartAsync();
        using var client = Udp(server);
        var packets = Packets_(Packets);
        var buffer = new byte[65536];

        for (var i = 0; i < Packets; i += Burst)
        {
            foreach (var packet in packets[i..(i + Burst)])
            {
                client.Send(packet);
            }

            // A sound question behind each burst: what came before it has been read.
            await AnsweredAsync(client, (ushort)(40_000 + i / Burst), buffer, (length, id) =>
            {
                // Numbers below 40000 are a packet's own: its answer is at most ten times as long. The listener's threads may overtake each other, so it may be one of an earlier burst.
                if (id < Numbers)
                    Assert.InRange(length, 12, 10 * packets[i - i % Numbers + id - (id >= i % Numbers + Burst ? Numbers : 0)].Length);
            });
        }

        Assert.True(server.Counters.Answers > Packets / 4);
        Assert.True(server.Counters.Ignored > 0);

        // Every packet's first two bytes are a number of its own among its neighbours, so that an answer can be held against it.
        static byte[][] Packets_(int count)
        {
            var made = new List<byte[]>(count);
            MalformedQuestions.Any.Array[Burst].Where(burst => burst.Length == Burst).Sample(burst =>
            {
                lock (made)
                {
                    made.AddRange(burst);
                }
            }, iter: count / Burst, threads: 1);
            for (var i = 0; i < made.Count; i++)
            {
                var copy = (byte[])made[i].Clone();
                if (copy.Length >= 2)
                    BinaryPrimitives.WriteUInt16BigEndian(copy, (ushort)(i % Numbers));

                made[i] = copy;
            }

            return [.. made.Take(count)];
        }
    }

    [Fact]
    public async Task Tcp_MalformedMessages_AreAnsweredOrTheConnectionIsClosedAndOthersGoOn()
    {
        await using var server = await StartAsync();
        await MalformedQuestions.Any.SampleAsync(
            async packet =>
            {
                using var connection = await ConnectAsync(server);
                await connection.SendAsync(Framed(packet));
                await connection.SendAsync(Framed(Question));
                var answers = await ReadAllAsync(connection, 1);
                Assert.NotEmpty(answers);
            },
            iter: 300,
            threads: 1);

        Assert.NotEmpty(await AskTcpAsync(server));
    }

    [Fact]
    public async Task Tcp_QuestionsSentTogether_AreAnsweredInOrder()
    {
        const int Count = 500;
        await using var server = await StartAsync();
        using var connection = await ConnectAsync(server);
        var all = new List<byte>();
        for (var i = 0; i < Count; i++)
        {
            var question = (byte[])Question.Clone();
            BinaryPrimitives.WriteUInt16BigEndian(question, (ushort)i);
            all.AddRange(Framed(question));
        }

        var sending = connection.SendAsync(all.ToArray());
        var answers = await ReadAllAsync(connection, Count);
        await sending;

        Assert.Equal(Enumerable.Range(0, Count), answers.Select(answer => (int)BinaryPrimitives.ReadUInt16BigEndian(answer)));
    }

    [Fact]
    public async Task Tcp_QuestionInPieces_IsAnswered()
    {
        await using var server = await StartAsync();
        using var connection = await ConnectAsync(server);
        connection.NoDelay = true;
        foreach (var part in Framed(Question))
        {
            await connection.SendAsync(new[] { part });
        }

        Assert.Single(await ReadAllAsync(connection, 1));
    }

    [Fact]
    public async Task Tcp_IdleOrHalfAQuestion_IsClosedAfterTheTimeout()
    {
        await using var server = await DnsServerFixture.StartAsync(new() { Timeout = TimeSpan.FromMilliseconds(200) }, Cancellation);
        using var idle = await ConnectAsync(server);
        using var half = await ConnectAsync(server);
        await half.SendAsync(Framed(Question)[..7]);

        Assert.Equal(0, await ReadAsync(idle));
        Assert.Equal(0, await ReadAsync(half));
    }

    [Fact]
    public async Task Tcp_ClientThatDoesNotRead_IsClosedAndCostsNobodyElse()
    {
        var big = ServingSets.Of("big", [.. Enumerable.Range(0, 1000).Select(i => ServingSets.Endpoint($"i-{i}", $"10.0.{i / 100}.{i % 100}"))]);
        await using var server = await DnsServerFixture.StartAsync(new() { Timeout = TimeSpan.FromMilliseconds(500) }, Cancellation, null, big, Orders());
        using var greedy = await ConnectAsync(server);
        var question = Framed(DnsQuestions.Ask("big.mesh", RecordType.Srv));
        byte[] many = [.. Enumerable.Repeat(question, 2000).SelectMany(bytes => bytes)];

        var closed = Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            while (true)
            {
                await greedy.SendAsync(many, Cancellation);
            }
        });

        Assert.NotEmpty(await AskTcpAsync(server));
        await closed.WaitAsync(Patience, Cancellation);
    }

    [Fact]
    public async Task Tcp_MoreConnectionsThanAllowed_AreClosedAtOnceUntilOneLeaves()
    {
        await using var server = await DnsServerFixture.StartAsync(new() { MaxConnections = 3 }, Cancellation, null, Orders());
        var held = new List<Socket>();
        for (var i = 0; i < 3; i++)
        {
            held.Add(await ConnectAsync(server));
        }

        using (var fourth = await ConnectAsync(server))
        {
            Assert.Equal(0, await ReadAsync(fourth));
        }

        Assert.Equal(1, server.Counters.ConnectionsRefused);
        held.ForEach(socket => socket.Dispose());
        await Eventually.TrueAsync(async () => (await TryAskTcpAsync(server)).Length > 0, Patience, () => "a place is free again", Cancellation);
    }

    [Fact]
    public async Task Udp_OverTheRate_AsksForTcpOrIsSilentAndTcpAnswers()
    {
        await using var server = await DnsServerFixture.StartAsync(new() { RateLimit = 50, RateLimitExempt = [] }, Cancellation, null, Orders());
        using var client = Udp(server);
        for (var i = 0; i < 200; i++)
        {
            client.Send(Question);
        }

        await Eventually.TrueAsync(() => server.Counters.RateLimited + server.Counters.Answers - server.Counters.Truncated >= 200, Patience, "all are judged", Cancellation);
        var (whole, cut) = (0, 0);
        var buffer = new byte[2048];
        while (client.Available > 0)
        {
            var length = client.Receive(buffer);
            var answer = DnsQuestions.Read(buffer[..length]);
            Assert.True(answer.IsTruncated ? length == Question.Length : answer.AnswerRecords.Count == 2);
            _ = answer.IsTruncated ? cut++ : whole++;
        }

        Assert.InRange(whole, 50, 80);
        Assert.InRange(cut, 50, 80);
        Assert.NotEmpty(await AskTcpAsync(server));
    }

    [Fact]
    public async Task Udp_WhoAsks_IsListedAsAFollowerThatCannotConfirm()
    {
        await using var server = await StartAsync();
        using var client = Udp(server);
        client.Send(Question);

        await Eventually.TrueAsync(() => server.Followers.Find("dns:127.0.0.1") is not null, Patience, "the client is listed", Cancellation);
        var follower = server.Followers.Find("dns:127.0.0.1")!;
        Assert.Equal(FollowerKind.Dns, follower.Kind);
        Assert.True(follower.Follows("orders"));
        Assert.Empty(server.Followers.FollowersOf(["orders"]));
    }

    [Fact]
    public async Task Stop_WithOpenConnections_EndsSoonAndFreesThePort()
    {
        var server = await StartAsync();
        using var idle = await ConnectAsync(server);
        var endpoint = server.Endpoint;

        await server.StopAsync().WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

        using var next = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        next.Bind(endpoint);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Start_AddressInUse_SaysWhichKey()
    {
        await using var first = await StartAsync();
        await using var second = new Dashboard.Web.Discovery.Dns.DnsServer(
            new() { Endpoints = [first.Endpoint] }, first.Source, null, first.Followers, first.Counters, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<Dashboard.Web.Discovery.Dns.DnsServer>.Instance);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => second.StartAsync(Cancellation));

        Assert.Contains("Dns:Endpoint", failure.Message, StringComparison.Ordinal);
    }

    private static Dashboard.Core.Registry.ServingSet Orders() =>
        ServingSets.Of("orders", ServingSets.Endpoint("o-1", "10.0.0.1"), ServingSets.Endpoint("o-2", "10.0.0.2"));

    private static Task<DnsServerFixture> StartAsync() => DnsServerFixture.StartAsync(Cancellation, Orders());

    private static Socket Udp(DnsServerFixture server)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20, ReceiveTimeout = 5000 };
        client.Connect(server.Endpoint);
        return client;
    }

    /// <summary>Asks until an answer with this number comes, and shows every answer on the way. UDP may lose a packet, so it is asked again.</summary>
    private static async Task AnsweredAsync(Socket client, ushort id, byte[] buffer, Action<int, ushort> seen)
    {
        var question = (byte[])Question.Clone();
        BinaryPrimitives.WriteUInt16BigEndian(question, id);
        for (var tries = 0; tries < 20; tries++)
        {
            await client.SendAsync(question);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            patience.CancelAfter(TimeSpan.FromSeconds(1));
            try
            {
                while (true)
                {
                    var length = await client.ReceiveAsync(buffer, patience.Token);
                    var got = BinaryPrimitives.ReadUInt16BigEndian(buffer);
                    if (got == id)
                        return;

                    seen(length, got);
                }
            }
            catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
            {
                // Lost: ask again.
            }
        }

        Assert.Fail("The listener does not answer any more.");
    }

    private static async Task<Socket> ConnectAsync(DnsServerFixture server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Endpoint, Cancellation);
        return socket;
    }

    private static byte[] Framed(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    private static async Task<byte[]> AskTcpAsync(DnsServerFixture server)
    {
        using var connection = await ConnectAsync(server);
        await connection.SendAsync(Framed(Question));
        return (await ReadAllAsync(connection, 1))[0];
    }

    private static async Task<byte[]> TryAskTcpAsync(DnsServerFixture server)
    {
        try
        {
            using var connection = await ConnectAsync(server);
            await connection.SendAsync(Framed(Question));
            return await ReadAllAsync(connection, 1) is [var answer] ? answer : [];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    /// <summary>Reads until so many answers have come or the connection is closed.</summary>
    private static async Task<List<byte[]>> ReadAllAsync(Socket connection, int count)
    {
        using var stream = new NetworkStream(connection);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        var answers = new List<byte[]>();
        var length = new byte[2];
        while (answers.Count < count)
        {
            if (await stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, patience.Token) < 2)
                break;

            var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(answer, patience.Token);
            answers.Add(answer);
        }

        return answers;
    }

    private static async Task<int> ReadAsync(Socket connection)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return await connection.ReceiveAsync(new byte[16], patience.Token);
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
