using System.Collections.Immutable;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.History;

/// <summary>A registry, its traffic and its past on one clock that tests move; a gateway reports ten requests a second to <c>orders/o-1</c>.</summary>
internal sealed class PastWorld
{
    public static readonly DateTimeOffset Start = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    public static readonly InstanceKey O1 = new("orders", "o-1");

    private readonly Guid _session = Guid.NewGuid();
    private long _sequence;

    public PastWorld()
    {
        Time = new(Start);
        Registry = new(Time);
        Store = new(Registry);
        Restart();
        Registry.Execute(new RegisterInstance(O1, new() { Address = "10.0.0.1", Port = 80 }), new("o-1", ActorKind.Service));
        Registry.Execute(new RecordHealth("orders", [new(O1, new(HealthStatus.Healthy, Start, "ok", 2))]), Actor.System("health"));
    }

    public FakeTimeProvider Time { get; }

    public InMemoryRegistry Registry { get; }

    public InMemoryHistory Store { get; }

    public TrafficStore Traffic { get; private set; } = null!;

    public MeshHistory History { get; private set; } = null!;

    public HistoryRecorder Recorder { get; private set; } = null!;

    public DateTimeOffset Now => Time.GetUtcNow();

    /// <summary>The console starts anew: its memory is empty, the store stays.</summary>
    public void Restart(Ownership? share = null)
    {
        Traffic = new(Time);
        History = new(Registry, Traffic, Store, Time);
        Recorder = RecorderOf(share ?? Ownership.Everything);
    }

    public HistoryRecorder RecorderOf(Ownership share) => new(Registry, Traffic, new(Time, share), Store, Time, NullLogger<HistoryRecorder>.Instance);

    /// <summary>Lets seconds pass; each is reported when it is over.</summary>
    /// <param name="reported">False: nobody says anything, and what was sent is lost.</param>
    public void Pass(int seconds, int requests = 10, bool reported = true)
    {
        for (var second = 0; second < seconds; second++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            _sequence++;
            if (reported)
                Traffic.Accept(Report(_sequence, requests));
        }
    }

    public TrafficReport Report(long sequence, int requests, TimeSpan age = default) => new()
    {
        Reporter = "gateway",
        Session = _session,
        Sequence = sequence,
        Period = TimeSpan.FromSeconds(1),
        Age = age,
        Rows = [new("web", "orders", "o-1", requests, requests, requests / 10, LatencyHistogram.Of(Enumerable.Repeat(TimeSpan.FromMilliseconds(20), requests)))],
        InFlight = [new("orders", "o-1", 3, 1)],
    };
}
