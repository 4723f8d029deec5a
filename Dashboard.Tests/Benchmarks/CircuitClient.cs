using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections.Client;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Benchmarks;

/// <summary>
/// One open page as the server sees it: it asks for the page, starts a circuit with what stands there, acknowledges every batch, answers what the page asks of a browser, and presses. It draws nothing.
/// </summary>
internal sealed partial class CircuitClient : IAsyncDisposable
{
    private readonly HubConnection _connection;
    private readonly ConcurrentQueue<(byte[] Mark, TaskCompletionSource<long> Seen)> _awaited = new();
    private readonly TaskCompletionSource _drawn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _drawnMark;
    private long _interop;
    private long _batches;
    private long _bytes;
    private int _calls;
    private ulong _handler;
    private string? _fault;

    private CircuitClient(HubConnection connection, string drawnMark)
    {
        _connection = connection;
        _drawnMark = drawnMark;
    }

    public long Batches => Interlocked.Read(ref _batches);

    public long Bytes => Interlocked.Read(ref _bytes);

    public string? Fault => _fault;

    /// <param name="mark">What stands in the batch that completes the page.</param>
    public static async Task<CircuitClient> OpenAsync(HttpClient client, CookieContainer cookies, Uri page, string mark, CancellationToken cancellationToken)
    {
        var html = await client.GetStringAsync(page, cancellationToken);
        var markers = MarkerPattern().Matches(html).Select(match => match.Groups[1].Value).Where(marker => marker.Contains("\"type\":\"server\"", StringComparison.Ordinal)).ToArray();
        if (markers.Length == 0)
            throw new InvalidOperationException($"{page} has no part that a circuit draws:\n{html[..Math.Min(html.Length, 500)]}");

        var state = StatePattern().Match(html) is { Success: true } found ? found.Groups[1].Value : "";
        var builder = new HubConnectionBuilder().WithUrl(new Uri(page, "/_blazor"), options =>
        {
            options.Cookies = cookies;
            options.Headers["Origin"] = page.GetLeftPart(UriPartial.Authority);
            options.Transports = Microsoft.AspNetCore.Http.Connections.HttpTransportType.WebSockets;
        });
        builder.Services.AddSingleton<IHubProtocol, BlazorPack>();
        var circuit = new CircuitClient(builder.Build(), mark);
        circuit.Listen();
        await circuit._connection.StartAsync(cancellationToken);
        var root = new Uri(page, "/").ToString();
        await circuit._connection.InvokeAsync<string>("StartCircuit", root, page.ToString(), "[]", "", cancellationToken);
        var operations = string.Join(",", markers.Select((marker, index) => $$"""{"type":"add","ssrComponentId":{{index + 1}},"marker":{{marker}}}"""));
        await circuit._connection.SendAsync("UpdateRootComponents", $$"""{"batchId":1,"operations":[{{operations}}]}""", state, cancellationToken);
        try
        {
            await circuit._drawn.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"{page} was not drawn in 60 s: {circuit.Batches} batches, {circuit._fault ?? "no fault"}");
        }

        return circuit;
    }

    /// <summary>Ticks the first row's box and gives how long it took until the batch was there that shows it, in ms; then unticks it.</summary>
    public async Task<double> PickAsync(CancellationToken cancellationToken)
    {
        var seen = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        _awaited.Enqueue(("Picked instances"u8.ToArray(), seen));
        var start = Stopwatch.GetTimestamp();
        await ChangeAsync(true, cancellationToken);
        var took = Stopwatch.GetElapsedTime(start, await seen.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken)).TotalMilliseconds;
        await ChangeAsync(false, cancellationToken);
        return took;
    }

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();

    private Task ChangeAsync(bool value, CancellationToken cancellationToken) => _connection.SendAsync(
        "BeginInvokeDotNetFromJS",
        Interlocked.Increment(ref _calls).ToString(CultureInfo.InvariantCulture),
        null,
        "DispatchEventAsync",
        _interop,
        $$"""[{"eventHandlerId":{{_handler}},"eventName":"change","eventFieldInfo":null},{"value":{{(value ? "true" : "false")}}}]""",
        cancellationToken);

    private void Listen()
    {
        _connection.On<long, byte[]>("JS.RenderBatch", async (id, batch) =>
        {
            var now = Stopwatch.GetTimestamp();
            Interlocked.Increment(ref _batches);
            Interlocked.Add(ref _bytes, batch.Length);
            if (_handler == 0)
                _handler = HandlerOf(batch, "Pick ");
            if (batch.AsSpan().IndexOf(Encoding.UTF8.GetBytes(_drawnMark)) >= 0)
                _drawn.TrySetResult();
            if (_awaited.TryPeek(out var awaited) && batch.AsSpan().IndexOf(awaited.Mark) >= 0)
            {
                _awaited.TryDequeue(out _);
                awaited.Seen.TrySetResult(now);
            }

            await _connection.SendAsync("OnRenderCompleted", id, null);
        });
        _connection.On("JS.BeginInvokeJS", [typeof(long), typeof(string), typeof(string), typeof(int), typeof(long), typeof(int)], async (args, _) =>
        {
            var (task, name, given, result) = ((long)args[0]!, (string)args[1]!, (string?)args[2], (int)args[3]!);
            if (name.EndsWith("attachWebRendererInterop", StringComparison.Ordinal))
                _interop = JsonDocument.Parse(given!).RootElement[1].GetProperty("__dotNetObject").GetInt64();
            // 1: a reference to an object of the browser's.
            if (task != 0)
                await _connection.SendAsync("EndInvokeJSFromDotNet", task, true, $"[{task},true,{(result == 1 ? $$"""{"__jsObjectId":{{task}}}""" : "null")}]");
        }, new object());
        _connection.On<string>("JS.Error", fault => _fault = fault);
    }

    /// <summary>The handler of the first change event whose element is called so.</summary>
    private static ulong HandlerOf(ReadOnlySpan<byte> batch, string name)
    {
        var frames = Int(batch, batch.Length - 16);
        var strings = Int(batch, batch.Length - 4);
        var count = Int(batch, frames);
        var named = false;
        for (var index = 0; index < count; index++)
        {
            var frame = batch[(frames + 4 + index * 20)..];
            switch (Int(frame, 0))
            {
                case 1:
                    named = false;
                    break;
                case 3 when BinaryPrimitives.ReadUInt64LittleEndian(frame[12..]) is var handler and > 0:
                    if (named && Text(batch, strings, Int(frame, 4)) == "onchange")
                        return handler;
                    break;
                case 3:
                    named |= Text(batch, strings, Int(frame, 4)) == "aria-label" && Text(batch, strings, Int(frame, 8))?.StartsWith(name, StringComparison.Ordinal) == true;
                    break;
            }
        }

        return 0;
    }

    private static int Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static string? Text(ReadOnlySpan<byte> batch, int strings, int index)
    {
        if (index < 0)
            return null;

        var at = Int(batch, strings + index * 4);
        var (length, shift) = (0, 0);
        byte part;
        do
        {
            part = batch[at++];
            length |= (part & 0x7f) << shift;
            shift += 7;
        }
        while ((part & 0x80) != 0);

        return Encoding.UTF8.GetString(batch.Slice(at, length));
    }

    [GeneratedRegex("<!--Blazor:(\\{.*?\\})-->", RegexOptions.Singleline)]
    private static partial Regex MarkerPattern();

    [GeneratedRegex("<!--Blazor-Server-Component-State:(.*?)-->")]
    private static partial Regex StatePattern();

    /// <summary>The circuits' protocol: MessagePack by another name and version.</summary>
    private sealed class BlazorPack : IHubProtocol
    {
        private readonly MessagePackHubProtocol _inner = new();

        public string Name => "blazorpack";

        public int Version => 1;

        public TransferFormat TransferFormat => TransferFormat.Binary;

        public bool IsVersionSupported(int version) => version == 1;

        public bool TryParseMessage(ref ReadOnlySequence<byte> input, IInvocationBinder binder, [NotNullWhen(true)] out HubMessage? message) => _inner.TryParseMessage(ref input, binder, out message);

        public void WriteMessage(HubMessage message, IBufferWriter<byte> output) => _inner.WriteMessage(message, output);

        public ReadOnlyMemory<byte> GetMessageBytes(HubMessage message) => _inner.GetMessageBytes(message);
    }
}
