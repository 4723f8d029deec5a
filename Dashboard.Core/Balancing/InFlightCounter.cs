using System.Runtime.InteropServices;

namespace Dashboard.Core.Balancing;

/// <summary>
/// How many requests, streams and WebSockets one instance has in flight, as one data plane sees it. One per instance; outlives the candidate lists it
/// appears in. Alone on its cache line, because every request writes it twice.
/// </summary>
public sealed class InFlightCounter
{
    private PaddedCount _count;

    /// <summary>Requests in flight now.</summary>
    public int Value => Volatile.Read(ref _count.Value);

    /// <summary>A request was sent. Returns the new count.</summary>
    public int Increment() => Interlocked.Increment(ref _count.Value);

    /// <summary>A request has ended. Returns the new count.</summary>
    public int Decrement() => Interlocked.Decrement(ref _count.Value);

    /// <summary>Adds to the count; for what is counted elsewhere and taken over.</summary>
    public int Add(int requests) => Interlocked.Add(ref _count.Value, requests);

    [StructLayout(LayoutKind.Explicit, Size = 120)]
    private struct PaddedCount
    {
        [FieldOffset(56)]
        public int Value;
    }
}
