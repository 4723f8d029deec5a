using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Health;

/// <summary>Time whose wall clock can be set wrong, as an administrator or NTP does; timestamps and timers go on as if nothing had happened.</summary>
internal sealed class JumpingTimeProvider(DateTimeOffset start) : FakeTimeProvider(start)
{
    private TimeSpan _wrong;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _wrong;

    // The base class takes its timestamps from the wall clock.
    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    /// <summary>Sets the wall clock forwards, or backwards.</summary>
    public void Jump(TimeSpan by) => _wrong += by;
}
