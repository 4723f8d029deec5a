namespace Dashboard.Web.Demo;

/// <summary>Random numbers for many threads at once, reproducible from a seed (SplitMix64, https://prng.di.unimi.it/splitmix64.c).</summary>
internal sealed class Dice(long seed)
{
    private long _state = seed;

    /// <summary>The next number of [0, 1).</summary>
    public double Next()
    {
        var z = (ulong)Interlocked.Add(ref _state, unchecked((long)0x9E3779B97F4A7C15));
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return (z >> 11) * (1.0 / (1UL << 53));
    }

    public bool Chance(double probability) => Next() < probability;

    /// <summary>A time around the typical one: 0.7 to 1.3 times it, and now and then a straggler of four times.</summary>
    public TimeSpan Around(TimeSpan typical) => typical * ((0.7 + (0.6 * Next())) * (Chance(0.01) ? 4 : 1));
}
