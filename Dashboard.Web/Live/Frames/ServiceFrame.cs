using MessagePack;

namespace Dashboard.Web.Live.Frames;

/// <summary>One service's instances, or what of them differs from the frame before. The first six fields are those of <see cref="TopologyFrame"/>.</summary>
/// <param name="Exists">False: the registry holds no such service.</param>
/// <param name="Samples">The service as a whole, one row a second; minutes of them in a full frame, at most one in another.</param>
/// <param name="Marks">Changes of the service: all of the last minutes in a full frame, new ones in another.</param>
/// <param name="History">Each instance's last minute; in a full frame alone.</param>
[MessagePackObject]
public sealed record ServiceFrame(
    [property: Key(0)] byte Kind,
    [property: Key(1)] long Sequence,
    [property: Key(2)] long Revision,
    [property: Key(3)] string Generation,
    [property: Key(4)] long At,
    [property: Key(5)] long? StaleSince,
    [property: Key(6)] string Service,
    [property: Key(7)] bool Exists,
    [property: Key(8)] IReadOnlyList<InstanceRow>? Instances,
    [property: Key(9)] IReadOnlyList<string>? Removed,
    [property: Key(10)] IReadOnlyList<LevelRow>? Traffic,
    [property: Key(11)] IReadOnlyList<SampleRow>? Samples,
    [property: Key(12)] IReadOnlyList<MarkRow>? Marks,
    [property: Key(13)] IReadOnlyList<GhostRow>? Ghosts,
    [property: Key(14)] IReadOnlyList<HistoryRow>? History);

/// <summary>An instance's state.</summary>
/// <param name="Weight">Effective weight.</param>
/// <param name="Intent">The number of an <see cref="Core.Registry.IntentKind"/>: the stricter of its own and its node's.</param>
/// <param name="Health">The number of a <see cref="Core.Registry.HealthStatus"/>.</param>
/// <param name="Serving">It gets new traffic.</param>
/// <param name="Until">When its maintenance ends by itself; nil when it does not.</param>
[MessagePackObject]
public sealed record InstanceRow(
    [property: Key(0)] string Id,
    [property: Key(1)] string Address,
    [property: Key(2)] int Port,
    [property: Key(3)] string? Node,
    [property: Key(4)] string? Zone,
    [property: Key(5)] string? Version,
    [property: Key(6)] int Weight,
    [property: Key(7)] byte Intent,
    [property: Key(8)] byte Health,
    [property: Key(9)] bool Serving,
    [property: Key(10)] long? Until = null);

/// <summary>One second of a service.</summary>
/// <param name="At">Its start.</param>
/// <param name="Rps">Nil: some of its traffic was never reported.</param>
[MessagePackObject]
public sealed record SampleRow(
    [property: Key(0)] long At,
    [property: Key(1)] float? Rps,
    [property: Key(2)] float? ErrorRate,
    [property: Key(3)] float? P50,
    [property: Key(4)] float? P95,
    [property: Key(5)] float? P99);

/// <summary>A change, to be marked in a chart.</summary>
/// <param name="Kind">A <see cref="Dashboard.Core.History.MarkKind"/>.</param>
[MessagePackObject]
public sealed record MarkRow(
    [property: Key(0)] long Revision,
    [property: Key(1)] long At,
    [property: Key(2)] string Action,
    [property: Key(3)] string Target,
    [property: Key(4)] string Actor,
    [property: Key(5)] byte Kind);

/// <summary>An instance's requests per second, second by second up to now; nil where unknown.</summary>
[MessagePackObject]
public sealed record HistoryRow([property: Key(0)] string Instance, [property: Key(1)] IReadOnlyList<float?> Rps);
