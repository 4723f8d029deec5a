using System.Collections.Immutable;

namespace Dashboard.Core.Feeds;

/// <summary>
/// Publishes an immutable state and the changes that lead from one to the next. A subscriber gets the state it starts from and every change
/// after it, none twice and none missed; one that falls behind by more than its queue is ended and starts again from a fresh state.
/// </summary>
/// <typeparam name="TState">The immutable state; swapped in one assignment.</typeparam>
/// <typeparam name="TChange">What leads from one state to the next.</typeparam>
public sealed class Feed<TState, TChange>
    where TState : class
{
    // Guards the pair (current state, set of subscribers), so that a new subscriber misses nothing. Nothing is awaited and no user code runs under it.
    private readonly Lock _gate = new();
    private ImmutableArray<FeedSubscription<TState, TChange>> _subscribers = [];
    private TState _current;
    private long _overflows;

    public Feed(TState initial)
    {
        ArgumentNullException.ThrowIfNull(initial);
        _current = initial;
    }

    /// <summary>The newest state.</summary>
    public TState Current => Volatile.Read(ref _current);

    /// <summary>How many subscriptions are open.</summary>
    public int SubscriberCount => _subscribers.Length;

    /// <summary>How many subscriptions were ended because their queue was full, since the start.</summary>
    public long Overflows => Interlocked.Read(ref _overflows);

    /// <summary>Makes <paramref name="next"/> the current state and hands <paramref name="change"/> to every subscriber. Never blocks.</summary>
    public void Publish(TState next, TChange change)
    {
        ArgumentNullException.ThrowIfNull(next);
        lock (_gate)
        {
            Volatile.Write(ref _current, next);
            foreach (var subscriber in _subscribers)
            {
                if (!subscriber.TryOffer(change))
                {
                    Interlocked.Increment(ref _overflows);
                    _subscribers = _subscribers.Remove(subscriber);
                }
            }
        }
    }

    /// <summary>Replaces the state by one that no change leads to (a restore, another generation): every subscription ends with <see cref="FeedEnd.Reset"/>.</summary>
    public void Reset(TState next)
    {
        ArgumentNullException.ThrowIfNull(next);
        lock (_gate)
        {
            Volatile.Write(ref _current, next);
            foreach (var subscriber in _subscribers)
            {
                subscriber.Finish(FeedEnd.Reset);
            }

            _subscribers = [];
        }
    }

    /// <summary>Opens a subscription. Dispose it to close it.</summary>
    /// <param name="capacity">Changes that may wait unread (at least 1) before the subscription ends with <see cref="FeedEnd.Overflow"/>.</param>
    public FeedSubscription<TState, TChange> Subscribe(int capacity = 1024)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        lock (_gate)
        {
            var subscription = new FeedSubscription<TState, TChange>(this, _current, capacity);
            _subscribers = _subscribers.Add(subscription);
            return subscription;
        }
    }

    /// <summary>
    /// Follows the feed until cancelled: calls <paramref name="onState"/> with the state to start from, then <paramref name="onChange"/> for each change;
    /// after an overflow or a reset it starts again with a fresh state.
    /// </summary>
    public async Task FollowAsync(Func<TState, ValueTask> onState, Func<TChange, ValueTask> onChange, CancellationToken cancellationToken, int capacity = 1024)
    {
        ArgumentNullException.ThrowIfNull(onState);
        ArgumentNullException.ThrowIfNull(onChange);
        while (true)
        {
            using var subscription = Subscribe(capacity);
            await onState(subscription.Start).ConfigureAwait(false);
            await foreach (var change in subscription.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                await onChange(change).ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Follows the feed until cancelled like <see cref="FollowAsync"/>, but takes all changes that wait as one step and rests between steps as <paramref name="pace"/> says: a change that
    /// comes alone is taken at once, and under a flood of them what they cost does not grow with their number.
    /// </summary>
    /// <param name="onChanges">Gets at least one change, in order; the list is used again for the next step.</param>
    /// <param name="pace">How soon after one another steps are; this follower's own.</param>
    public async Task FollowTogetherAsync(
        Func<TState, ValueTask> onState,
        Func<IReadOnlyList<TChange>, ValueTask> onChanges,
        StepPace pace,
        CancellationToken cancellationToken,
        int capacity = 4096)
    {
        ArgumentNullException.ThrowIfNull(onState);
        ArgumentNullException.ThrowIfNull(onChanges);
        ArgumentNullException.ThrowIfNull(pace);
        // How fast this process may work is no matter of the clock that others are told: a test's clock that stands still must not stop it.
        var clock = TimeProvider.System;
        var changes = new List<TChange>();
        var before = clock.GetTimestamp();
        while (true)
        {
            using var subscription = Subscribe(capacity);
            await onState(subscription.Start).ConfigureAwait(false);
            while (await subscription.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                var began = clock.GetTimestamp();
                changes.Clear();
                while (subscription.TryRead(out var change))
                    changes.Add(change!);
                if (changes.Count > 0)
                    await onChanges(changes).ConfigureAwait(false);
                var rest = pace.RestAfter(clock.GetElapsedTime(before, began), clock.GetElapsedTime(began));
                before = began;
                if (rest > TimeSpan.Zero)
                    await Task.Delay(rest, clock, cancellationToken).ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    internal void Remove(FeedSubscription<TState, TChange> subscription)
    {
        lock (_gate)
        {
            _subscribers = _subscribers.Remove(subscription);
        }
    }
}
