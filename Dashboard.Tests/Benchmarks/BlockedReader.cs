using System.Net;

namespace Dashboard.Tests.Benchmarks;

/// <summary>Waits by blocking queries: asks again with the index that it was told.</summary>
internal sealed class BlockedReader(IPEndPoint console, string service, string name, string token) : WaitingReader(console, service, name, token)
{
    protected override async Task RunAsync(Action<WaitingReader> answered, CancellationToken cancellationToken)
    {
        while (true)
        {
            await AskAsync($"/api/v1/services/{Service}/endpoints?index={Index}&wait=10m", cancellationToken);
            await ReadAnswerAsync(cancellationToken);
            answered(this);
        }
    }
}
