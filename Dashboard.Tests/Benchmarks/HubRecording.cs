using System.Diagnostics;
using Dashboard.Web.Live.Frames;
using MessagePack;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Dashboard.Tests.Benchmarks;

/// <summary>The deltas that a viewer got and when, to be sent again. Taken outside of the server, whose CPU is measured.</summary>
[MessagePackObject]
public sealed record HubRecording([property: Key(0)] double Milliseconds, [property: Key(1)] TopologyFrame Frame)
{
    /// <summary>Records for so long; gives what <see cref="Read"/> takes.</summary>
    internal static async Task<byte[]> TakeAsync(Uri hub, TimeSpan duration, CancellationToken cancellationToken)
    {
        var recorded = new List<HubRecording>();
        var start = Stopwatch.GetTimestamp();
        await using (var viewer = new HubConnectionBuilder().WithUrl(hub).AddMessagePackProtocol().Build())
        {
            viewer.On<TopologyFrame>("topology", frame =>
            {
                if (frame.Kind != (byte)FrameKind.Full)
                {
                    recorded.Add(new(Stopwatch.GetElapsedTime(start).TotalMilliseconds, frame));
                }
            });
            await viewer.StartAsync(cancellationToken);
            await viewer.InvokeAsync("SubscribeTopology", cancellationToken);
            await Task.Delay(duration, TimeProvider.System, cancellationToken);
        }

        return MessagePackSerializer.Serialize(recorded, cancellationToken: cancellationToken);
    }

    internal static HubRecording[] Read(byte[] bytes) => MessagePackSerializer.Deserialize<HubRecording[]>(bytes);
}
