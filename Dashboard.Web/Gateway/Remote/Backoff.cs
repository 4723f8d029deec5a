namespace Dashboard.Web.Gateway.Remote;

/// <summary>
/// The pause before the next attempt: at random between a tenth and all of a span that doubles from half a second to the longest. So a console that returns is found within the
/// longest pause, and those who lost it together do not return together.
/// </summary>
internal sealed class Backoff(TimeProvider time, Random random, TimeSpan longest)
{
    /// <summary>Together with the time that a snapshot takes, all followers are back within 5 s of their console.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(2.5);

    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private TimeSpan _next = Shorter(First, longest);

    /// <summary>It worked: the next failure starts from the shortest pause.</summary>
    public void Reset() => _next = Shorter(First, longest);

    public Task PauseAsync(CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);

    /// <summary>The next pause; a longer one may follow.</summary>
    internal TimeSpan Next()
    {
        var pause = _next * (0.1 + random.NextDouble() * 0.9);
        _next = Shorter(_next * 2, longest);
        return pause;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
