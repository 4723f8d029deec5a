namespace Dashboard.Web.Gateway.Remote;

/// <summary>The pause before the next attempt: doubles from half a second to 5 s, half of it at random, so that gateways do not return all at once.</summary>
internal sealed class Backoff(TimeProvider time, Random random)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private TimeSpan _next = First;

    /// <summary>It worked: the next failure starts from the shortest pause.</summary>
    public void Reset() => _next = First;

    public Task PauseAsync(CancellationToken cancellationToken)
    {
        var pause = _next * (0.5 + random.NextDouble() / 2);
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return Task.Delay(pause, time, cancellationToken);
    }
}
