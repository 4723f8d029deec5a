using System.Diagnostics;

namespace Dashboard.Tests.Support;

/// <summary>Polls a condition of another process or thread until it holds or a deadline passes.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static Task TrueAsync(Func<bool> condition, TimeSpan patience, string expectation, CancellationToken cancellationToken) =>
        TrueAsync(() => Task.FromResult(condition()), patience, () => expectation, cancellationToken);

    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan patience, Func<string> expectation, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > patience)
            {
                throw new TimeoutException($"Not within {patience.TotalSeconds:0.#} s: {expectation()}");
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }
}
