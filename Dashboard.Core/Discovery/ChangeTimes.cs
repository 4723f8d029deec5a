using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Microsoft.Extensions.Hosting;

namespace Dashboard.Core.Discovery;

/// <summary>
/// When each service last changed, so that a follower's lag can be told in seconds. Keeps a few moments a service: when they are full every second of them is dropped, so that old ones stay,
/// ever more coarsely.
/// </summary>
public sealed class ChangeTimes(IRegistry registry) : BackgroundService
{
    /// <summary>Moments that are kept of each service.</summary>
    public const int Kept = 32;

    // Changes of the same moment are noted together.
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<(long Revision, DateTimeOffset At)>> _moments = new(StringComparer.Ordinal);

    /// <summary>When a service first changed after a revision; null when it did not, or before the console started.</summary>
    public DateTimeOffset? FirstAfter(string service, long revision)
    {
        lock (_gate)
        {
            if (!_moments.TryGetValue(service, out var moments))
                return null;

            var low = 0;
            var high = moments.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (moments[middle].Revision > revision)
                    high = middle;
                else
                    low = middle + 1;
            }

            return low < moments.Count ? moments[low].At : null;
        }
    }

    internal void Note(string service, long revision, DateTimeOffset at)
    {
        lock (_gate)
        {
            if (!_moments.TryGetValue(service, out var moments))
                _moments[service] = moments = new(4);

            if (moments.Count == Kept)
                Thin(moments);

            moments.Add((revision, at));
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => registry.Feed.FollowTogetherAsync(
        _ =>
        {
            // Another generation counts anew, and after an overflow the moments are not known.
            lock (_gate)
                _moments.Clear();

            return ValueTask.CompletedTask;
        },
        updates =>
        {
            foreach (var update in updates)
                Note(update);
            return ValueTask.CompletedTask;
        },
        new StepPace(Gap),
        stoppingToken);

    private void Note(RegistryUpdate update)
    {
        foreach (var service in update.Services)
        {
            if (update.After.Services.TryGetValue(service, out var changed))
                Note(service, changed.Revision, update.After.At);
            else
                Drop(service);
        }
    }

    private void Drop(string service)
    {
        lock (_gate)
            _moments.Remove(service);
    }

    private static void Thin(List<(long Revision, DateTimeOffset At)> moments)
    {
        var kept = 0;
        for (var i = 0; i < moments.Count; i += 2)
            moments[kept++] = moments[i];

        moments.RemoveRange(kept, moments.Count - kept);
    }
}
