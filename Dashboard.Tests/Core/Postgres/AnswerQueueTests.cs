using System.Diagnostics.Metrics;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Tests.Core.Postgres;

public sealed class AnswerQueueTests
{
    [Fact]
    public async Task Answers_AreCountedByWhatBecameOfThem_BeforeAnybodyHasOne_AndOnce()
    {
        using var factory = new OneMeter();
        using var meters = new RegistryMeters(factory, () => 0, () => 0, () => true);
        using var listener = new MeterListener();
        var counted = new List<(string Outcome, long Count)>();
        listener.InstrumentPublished = (instrument, active) =>
        {
            if (instrument.Name == "registry.commands" && ReferenceEquals(instrument.Meter, factory.Meter))
                active.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            Assert.Equal("outcome", tags[0].Key);
            counted.Add(((string)tags[0].Value!, count));
        });
        listener.Start();
        var snapshot = RegistrySnapshot.Empty(Guid.NewGuid(), DateTimeOffset.UnixEpoch);
        var change = new RegistryChange { Revision = 1, At = DateTimeOffset.UnixEpoch, Actor = Actor.System("test"), Action = "test", Target = "test", Changes = [] };
        CommandResult[] results =
        [
            new CommandResult.Committed(1, change, snapshot, null), new CommandResult.Committed(1, null, snapshot, null), new CommandResult.Committed(1, change, snapshot, null),
            new CommandResult.Refused(new(RefusalKind.Conflict, "no"), snapshot), new CommandResult.Unavailable("away", TimeSpan.FromSeconds(1)),
        ];
        var waiting = results.Select(_ => new PendingCommand(new ConfirmRegistry(Guid.Empty), Actor.System("test"))).ToArray();
        var queue = new AnswerQueue(meters, NullLogger.Instance);

        foreach (var (pending, result) in waiting.Zip(results))
            queue.Add(pending, result);
        queue.Send();
        var before = counted.ToArray();
        var late = new PendingCommand(new ConfirmRegistry(Guid.Empty), Actor.System("test"));
        queue.Add(late, results[0]);
        queue.Send();

        Assert.Equal([("committed", 2L), ("refused", 1L), ("unavailable", 1L), ("unchanged", 1L)], before.Order());
        Assert.Equal(results, await Task.WhenAll(waiting.Select(pending => pending.Result)));
        Assert.Same(results[0], await late.Result);
        Assert.Equal([("committed", 1L)], counted[before.Length..]);
    }

    private sealed class OneMeter : IMeterFactory
    {
        public Meter? Meter { get; private set; }

        public Meter Create(MeterOptions options) => Meter = new(options);

        public void Dispose() => Meter?.Dispose();
    }
}
