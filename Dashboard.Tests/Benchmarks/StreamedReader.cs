using System.Diagnostics;
using System.Net;

namespace Dashboard.Tests.Benchmarks;

/// <summary>Waits on a stream of events. An event is far smaller than a segment, so it comes in one piece.</summary>
internal sealed class StreamedReader(IPEndPoint console, string service, string name, string token) : WaitingReader(console, service, name, token)
{
    /// <summary>It has the snapshot that a stream begins with.</summary>
    public bool HasSnapshot { get; private set; }

    protected override async Task RunAsync(Action<WaitingReader> answered, CancellationToken cancellationToken)
    {
        await AskAsync($"/api/v1/watch?services={Service}", cancellationToken);
        while (true)
        {
            var events = Received(await ReceiveAsync(0, cancellationToken)).Count("\ndata:"u8);
            for (var one = 0; one < events; one++)
            {
                if (HasSnapshot)
                {
                    AnsweredAt = Stopwatch.GetTimestamp();
                    answered(this);
                }

                HasSnapshot = true;
            }
        }
    }
}
