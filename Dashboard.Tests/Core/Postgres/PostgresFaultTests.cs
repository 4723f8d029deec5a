using System.Collections.Concurrent;
using Dashboard.Core.Postgres;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>What an operator reads when Postgres is not what it should be.</summary>
public sealed class PostgresFaultTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public void ADatabaseMadeAnew_IsSaidWithWhatToDo()
    {
        var said = PostgresFault.Describe(new PostgresException("relation \"head\" does not exist", "ERROR", "ERROR", PostgresErrorCodes.UndefinedTable));

        Assert.Contains("Restore a backup into it, or restart the console", said, StringComparison.Ordinal);
        Assert.Contains("relation \"head\" does not exist", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStartThatWaits_SaysForWhom_WithoutItsPassword()
    {
        var (time, log) = (new FakeTimeProvider(), new Lines());
        // Nobody can listen on port 1 of this address.
        await using var registry = new PostgresRegistry(
            new() { ConnectionString = "Host=127.0.0.1;Port=1;Database=dashboard;Username=app;Password=geheim" }, time, log);

        var start = registry.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => !log.Said.IsEmpty, Patience, "the start waits", TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMinutes(2));
                return start.IsCompleted;
            },
            Patience, "the start gives up", TestContext.Current.CancellationToken);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => start);

        var waiting = Assert.Single(log.Said, line => line.Contains("Waiting up to", StringComparison.Ordinal));
        Assert.StartsWith("Warning ", waiting, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1/dashboard", waiting, StringComparison.Ordinal);
        Assert.DoesNotContain(log.Said, line => line.Contains("geheim", StringComparison.Ordinal));
    }

    private sealed class Lines : ILogger<PostgresRegistry>
    {
        public ConcurrentQueue<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Said.Enqueue($"{logLevel} {formatter(state, exception)}");
    }
}
