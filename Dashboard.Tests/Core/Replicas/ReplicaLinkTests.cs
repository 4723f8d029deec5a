using Dashboard.Core.Replicas;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Replicas;

public sealed class ReplicaLinkTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_console_killed_before_its_connection_was_used_or_while_it_is_read_is_asked_again()
    {
        var time = new FakeTimeProvider();
        using var killed = new KilledBeforeUse(times: 3) { ThenWhileItIsRead = true };
        using var http = new HttpClient(killed);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        // Nothing is heard, so nothing is taken in.
        var link = new ReplicaLink(new(Guid.NewGuid(), $"http://127.0.0.1:{FreePort.Tcp()}", default), http, () => [1], intake: null!, new Random(1), time, NullLogger.Instance);

        var running = link.RunAsync(stop.Token);

        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return killed.Asked >= 6 || running.IsCompleted;
            },
            TimeSpan.FromSeconds(60), "it is asked again and again", Cancelled);
        Assert.False(running.IsCompleted, running.Exception?.ToString());
        await stop.CancelAsync();
        await running;
    }
}
