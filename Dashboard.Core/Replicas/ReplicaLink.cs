using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dashboard.Core.Feeds;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Replicas.Wire;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Replicas;

/// <summary>Listens to one other console as long as it is there: connects, takes its lines, and comes back with growing pauses when it falls silent.</summary>
internal sealed partial class ReplicaLink(Replica peer, HttpClient http, Func<byte[]?> secret, ReplicaIntake intake, Random random, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(4);

    private TimeSpan _pause = FirstPause;
    private bool _told;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var heard = false;
            try
            {
                await ListenAsync(() => heard = true, cancellationToken).ConfigureAwait(false);
                throw new IOException("it ended the stream");
            }
            catch (Exception failure) when (failure is HttpRequestException or SocketException or IOException or JsonException or OperationCanceledException or InvalidOperationException or UriFormatException)
            {
                if (heard)
                {
                    intake.FallSilent(peer.Id);
                    _pause = FirstPause;
                }

                if (!cancellationToken.IsCancellationRequested && (heard || !_told))
                    LogSilent(peer.Url, failure is OperationCanceledException ? $"nothing came for {ReplicaProtocol.SilenceLimit.TotalSeconds:0} s" : failure.Message);
                _told = true;
            }

            await Task.Delay(_pause * (0.5 + random.NextDouble() / 2), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        }
    }

    private async Task ListenAsync(Action heard, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CancelAfter(silence, ReplicaProtocol.SilenceLimit);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(peer.Url), $"{ReplicaProtocol.Path}?{ReplicaProtocol.To}={peer.Id}"));
        request.Headers.Add(ReplicaProtocol.SecretHeader, Convert.ToBase64String(secret() ?? throw new IOException("the secret of this database is not read yet")));
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token).ConfigureAwait(false);
        if (answer.StatusCode == HttpStatusCode.MisdirectedRequest)
            throw new IOException("another console answers there; give each its own Replica:Url");
        answer.EnsureSuccessStatusCode();

        var reader = PipeReader.Create(await answer.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false));
        try
        {
            while (await ReadLineAsync(reader, silence.Token).ConfigureAwait(false) is { } frame)
            {
                timer.Change(ReplicaProtocol.SilenceLimit, Timeout.InfiniteTimeSpan);
                if (frame.Replica != peer.Id)
                    throw new IOException("another console answers there; give each its own Replica:Url");
                intake.Take(peer, frame);
                if (frame.Full)
                {
                    LogHeard(peer.Url);
                    if (intake.OtherSignIn.Contains(peer.Id))
                        LogOtherSignIn(peer.Url);
                    heard();
                }
            }
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static async Task<ReplicaFrame?> ReadLineAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var frame = Read(read.Buffer.Slice(0, end));
                reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                return frame;
            }

            if (read.IsCompleted)
                return null;
            if (read.Buffer.Length > ReplicaProtocol.LineLimit)
                throw new IOException($"it sent a line of more than {ReplicaProtocol.LineLimit / 1024 / 1024} MB");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static ReplicaFrame Read(ReadOnlySequence<byte> line)
    {
        var json = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize(ref json, ReplicaJson.Default.ReplicaFrame) ?? throw new JsonException("it sent an empty line");
    }

    [LoggerMessage(LogLevel.Information, "Hearing the console at {Url}")]
    private partial void LogHeard(string url);

    [LoggerMessage(LogLevel.Error, "The console at {Url} has another admin token than this one, so sessions, programs and data planes that one lets in are refused by the other: give all consoles on this database the same Auth:AdminToken and start them again")]
    private partial void LogOtherSignIn(string url);

    [LoggerMessage(LogLevel.Warning, "The console at {Url} is not heard, so what only it knows is unknown: {Reason}")]
    private partial void LogSilent(string url, string reason);
}
