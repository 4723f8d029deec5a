namespace Dashboard.Core.Balancing;

/// <summary>Derives further random numbers from one: SplitMix64 (Steele, Lea, Flood 2014).</summary>
internal struct RandomBits(ulong seed)
{
    /// <summary>2^64 divided by the golden ratio: the step between two states of SplitMix64.</summary>
    public const ulong Golden = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    public ulong Next() => Mix(_state += Golden);

    /// <summary>Evenly distributed in [0, <paramref name="bound"/>); the bias is below bound / 2^64.</summary>
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);
}
