namespace Dashboard.Core.Traffic;

/// <summary>A period and the seconds of the clock that it touches.</summary>
internal readonly struct SecondSpan(DateTimeOffset from, DateTimeOffset to)
{
    /// <summary>The first second that it touches, since 1970.</summary>
    public long First => from.ToUnixTimeSeconds();

    /// <summary>The last one, since 1970: a period that ends with a second does not touch the next.</summary>
    public long Last => (to - TimeSpan.FromTicks(1)).ToUnixTimeSeconds();

    /// <summary>Which part of the period lies in the second, as fractions from its start.</summary>
    public (double From, double To) Fractions(long second)
    {
        var length = (double)(to - from).Ticks;
        var start = (DateTimeOffset.FromUnixTimeSeconds(second) - from).Ticks / length;
        var end = (DateTimeOffset.FromUnixTimeSeconds(second + 1) - from).Ticks / length;
        return (Math.Max(0, start), Math.Min(1, end));
    }
}
