using Dashboard.Core.Feeds;
using Xunit;

namespace Dashboard.Tests.Core.Feeds;

public sealed class FeedTests
{
    private readonly Feed<State, int> _feed = new(new(0));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void A_subscriber_starts_from_the_state_of_that_moment_and_gets_every_later_change_in_order()
    {
        Publish(1);
        using var subscription = _feed.Subscribe();
        Publish(2);
        Publish(3);

        Assert.Equal(1, subscription.Start.Number);
        Assert.Equal([2, 3], Waiting(subscription));
        Assert.Equal(3, _feed.Current.Number);
        Assert.Equal(FeedEnd.None, subscription.End);
    }

    [Fact]
    public async Task A_subscriber_that_falls_behind_by_more_than_its_queue_is_ended_after_what_it_was_given()
    {
        using var slow = _feed.Subscribe(capacity: 2);
        using var quick = _feed.Subscribe(capacity: 8);
        for (var i = 1; i <= 4; i++)
        {
            Publish(i);
        }

        Assert.Equal(FeedEnd.Overflow, slow.End);
        Assert.Equal([1, 2], await ReadAllAsync(slow));
        Assert.Equal([1, 2, 3, 4], Waiting(quick));
        Assert.Equal(1, _feed.Overflows);
        Assert.Equal(1, _feed.SubscriberCount);
    }

    [Fact]
    public void One_change_less_than_the_queue_holds_does_not_end_it()
    {
        using var subscription = _feed.Subscribe(capacity: 3);
        for (var i = 1; i <= 3; i++)
        {
            Publish(i);
        }

        Assert.Equal(FeedEnd.None, subscription.End);
        Assert.Equal(0, _feed.Overflows);
    }

    [Fact]
    public async Task A_reset_ends_every_subscription_and_a_new_one_starts_from_the_new_state()
    {
        using var old = _feed.Subscribe();
        Publish(1);

        _feed.Reset(new(100));

        Assert.Equal(FeedEnd.Reset, old.End);
        Assert.Equal([1], await ReadAllAsync(old));
        Assert.Equal(0, _feed.SubscriberCount);
        using var next = _feed.Subscribe();
        Assert.Equal(100, next.Start.Number);
    }

    [Fact]
    public async Task Disposing_closes_and_later_ends_do_not_change_the_reason()
    {
        var subscription = _feed.Subscribe(capacity: 1);
        subscription.Dispose();
        subscription.Dispose();
        Publish(1);
        Publish(2);
        _feed.Reset(new(3));

        Assert.Equal(FeedEnd.Disposed, subscription.End);
        Assert.Empty(await ReadAllAsync(subscription));
        Assert.Equal(0, _feed.SubscriberCount);
    }

    [Fact]
    public void A_queue_without_a_place_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => _feed.Subscribe(capacity: 0));

    [Fact]
    public async Task Under_concurrent_publishing_nobody_misses_a_change_and_nobody_sees_one_twice()
    {
        const int Changes = 20_000;
        using var started = new SemaphoreSlim(0);
        var subscribers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            started.Release();
            var rounds = 0;
            var seen = 0;
            while (seen < Changes)
            {
                // Opened anew over and over, in the middle of it all.
                using var subscription = _feed.Subscribe(capacity: Changes);
                var expected = subscription.Start.Number;
                Assert.True(expected >= seen);
                while (seen < Changes && rounds++ % 50 != 49 && await subscription.WaitToReadAsync(Cancelled))
                {
                    while (subscription.TryRead(out var change))
                    {
                        Assert.Equal(++expected, change);
                    }

                    seen = expected;
                }

                seen = Math.Max(seen, expected);
            }
        }, Cancelled)).ToArray();
        for (var i = 0; i < subscribers.Length; i++)
        {
            await started.WaitAsync(Cancelled);
        }

        for (var i = 1; i <= Changes; i++)
        {
            Publish(i);
        }

        await Task.WhenAll(subscribers).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.Equal(0, _feed.SubscriberCount);
    }

    [Fact]
    public async Task A_follower_that_is_too_slow_starts_again_from_a_fresh_state_and_ends_at_the_newest()
    {
        const int Changes = 2_000;
        var (starts, at) = (0, -1);
        var done = new TaskCompletionSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var following = _feed.FollowAsync(
            state =>
            {
                starts++;
                at = state.Number;
                Check();
                return ValueTask.CompletedTask;
            },
            async change =>
            {
                Assert.Equal(at + 1, change);
                at = change;
                Check();
                await Task.Yield();
            },
            stop.Token,
            capacity: 4);
        for (var i = 1; i <= Changes; i++)
        {
            Publish(i);
        }

        await done.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        Assert.True(starts > 1, "the queue of 4 was to overflow");
        Assert.Equal(0, _feed.SubscriberCount);

        void Check()
        {
            if (at == Changes)
            {
                done.TrySetResult();
            }
        }
    }

    [Fact]
    public async Task A_follower_goes_over_to_the_state_of_a_reset()
    {
        var states = new List<int>();
        var third = new TaskCompletionSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var following = _feed.FollowAsync(
            state =>
            {
                states.Add(state.Number);
                if (states.Count == 3)
                {
                    third.SetResult();
                }

                return ValueTask.CompletedTask;
            },
            _ => ValueTask.CompletedTask,
            stop.Token);

        while (_feed.SubscriberCount == 0)
        {
            await Task.Yield();
        }

        _feed.Reset(new(50));
        while (_feed.SubscriberCount == 0)
        {
            await Task.Yield();
        }

        _feed.Reset(new(70));
        await third.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        Assert.Equal([0, 50, 70], states);
    }

    [Fact]
    public async Task A_follower_that_fails_closes_its_subscription()
    {
        Publish(1);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _feed.FollowAsync(_ => throw new InvalidOperationException(), _ => ValueTask.CompletedTask, Cancelled));

        Assert.Equal(0, _feed.SubscriberCount);
    }

    [Fact]
    public async Task Who_follows_together_gets_what_came_during_a_step_as_one_step()
    {
        var steps = new List<int[]>();
        var (begun, go, done) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var following = _feed.FollowTogetherAsync(
            _ => ValueTask.CompletedTask,
            async changes =>
            {
                steps.Add([.. changes]);
                if (changes[^1] == 4)
                {
                    done.SetResult();
                }

                begun.TrySetResult();
                await go.Task;
            },
            new StepPace(TimeSpan.FromMilliseconds(1)),
            stop.Token);

        Publish(1);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Publish(2);
        Publish(3);
        Publish(4);
        go.SetResult();
        await done.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);

        Assert.Equal([[1], [2, 3, 4]], steps);
    }

    private static List<int> Waiting(FeedSubscription<State, int> subscription)
    {
        var changes = new List<int>();
        while (subscription.TryRead(out var change))
        {
            changes.Add(change);
        }

        return changes;
    }

    private static async Task<List<int>> ReadAllAsync(FeedSubscription<State, int> subscription)
    {
        var changes = new List<int>();
        await foreach (var change in subscription.ReadAllAsync(Cancelled))
        {
            changes.Add(change);
        }

        return changes;
    }

    private void Publish(int number) => _feed.Publish(new(number), number);

    private sealed record State(int Number);
}
