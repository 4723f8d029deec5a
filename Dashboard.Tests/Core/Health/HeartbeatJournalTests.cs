using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Dashboard.Tests.Core.Health;

public sealed class HeartbeatJournalTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly InMemoryRegistry _registry;
    private readonly MemoryStore _store = new();
    private readonly HealthBoard _board = new();
    private readonly Heartbeats _heartbeats;
    private readonly HeartbeatJournal _journal;

    public HeartbeatJournalTests()
    {
        _registry = new(_time);
        _heartbeats = new(_registry, _time);
        _journal = new(_heartbeats, _board, _registry, _store, _time, NullLogger<HeartbeatJournal>.Instance);
        _heartbeats.Beaten += _journal.Note;
        Do(new PutService("orders", ServiceSettings.Default with { Check = new() { Kind = CheckKind.Ttl } }));
        for (var i = 0; i < 100; i++)
        {
            Do(new RegisterInstance(Key(i), new() { Address = "10.0.0.1", Port = 1000 + i, Ttl = TimeSpan.FromSeconds(30) }));
        }
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_many_renew_and_however_often_it_is_one_statement_with_each_once()
    {
        for (var round = 0; round < 5; round++)
        {
            for (var i = 0; i < 100; i++)
            {
                Assert.True(_heartbeats.Beat(Key(i), CheckOutcome.Passing, null));
            }

            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await _journal.WriteAsync(Cancelled);
        await _journal.WriteAsync(Cancelled);

        var batch = Assert.Single(_store.Batches);
        Assert.Equal(100, batch.Count);
        Assert.Equal(100, batch.Select(entry => entry.Key).Distinct().Count());
        Assert.All(batch, entry => Assert.Equal(TimeSpan.FromMilliseconds(100), entry.Age));
    }

    [Fact]
    public async Task While_the_store_does_not_answer_the_newest_of_each_waits_and_is_written_when_it_is_back()
    {
        _store.Fails = true;
        _heartbeats.Beat(Key(1), CheckOutcome.Passing, null);
        await _journal.WriteAsync(Cancelled);
        _time.Advance(TimeSpan.FromSeconds(3));
        _heartbeats.Beat(Key(2), CheckOutcome.Passing, null);
        await _journal.WriteAsync(Cancelled);
        _time.Advance(TimeSpan.FromSeconds(1));
        _heartbeats.Beat(Key(1), CheckOutcome.Passing, null);
        _store.Fails = false;
        await _journal.WriteAsync(Cancelled);

        var batch = Assert.Single(_store.Batches);
        Assert.Equal([(Key(1), TimeSpan.Zero), (Key(2), TimeSpan.FromSeconds(1))], batch);
    }

    [Fact]
    public async Task While_Postgres_is_known_to_be_away_it_is_not_asked_and_heartbeats_are_taken()
    {
        _registry.TakeAway();
        Assert.True(_heartbeats.Beat(Key(1), CheckOutcome.Passing, null));
        await _journal.WriteAsync(Cancelled);
        Assert.Empty(_store.Batches);

        _registry.BringBack();
        await _journal.WriteAsync(Cancelled);
        Assert.Single(_store.Batches);
    }

    [Fact]
    public void What_another_console_heard_is_shown_until_the_instance_is_heard_here()
    {
        var seen = new DateTimeOffset(2025, 12, 31, 23, 59, 50, TimeSpan.Zero);
        _board.Set(Key(1), new() { Kind = CheckKind.Ttl, Verdict = HealthStatus.Healthy });
        _board.Set(Key(2), new() { Kind = CheckKind.Ttl, Verdict = HealthStatus.Healthy, At = _time.GetUtcNow() });
        _board.Recall(Key(1), seen);
        _board.Recall(Key(2), seen);
        _board.Recall(Key(3), seen);

        Assert.Equal(seen, _board.Find(Key(1))!.At);
        Assert.Equal(_time.GetUtcNow(), _board.Find(Key(2))!.At);
        Assert.Null(_board.Find(Key(3)));
    }

    private static InstanceKey Key(int number) => new("orders", $"i-{number:D3}");

    private void Do(RegistryCommand command) => Assert.IsType<CommandResult.Committed>(_registry.Execute(command, Actor.System("test")));

    private sealed class MemoryStore : IHeartbeatStore
    {
        public List<IReadOnlyList<(InstanceKey Key, TimeSpan Age)>> Batches { get; } = [];

        public bool Fails { get; set; }

        public Task RecordAsync(IReadOnlyList<(InstanceKey Key, TimeSpan Age)> heartbeats, CancellationToken cancellationToken)
        {
            if (Fails)
            {
                throw new NpgsqlException("away");
            }

            Batches.Add([.. heartbeats]);
            return Task.CompletedTask;
        }

        public Task<IReadOnlyList<(InstanceKey Key, DateTimeOffset Seen)>> ReadAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<(InstanceKey Key, DateTimeOffset Seen)>>([]);

        public Task ForgetAsync(TimeSpan silent, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
