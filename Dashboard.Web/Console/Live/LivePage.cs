using System.Threading.Channels;
using Dashboard.Core.Feeds;
using Dashboard.Core.Registry;
using Dashboard.Web.Console.Time;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Live;

/// <summary>
/// A component that shows what feeds say: the first change and the one after it at once, further ones five times a second, whatever the number of changes. A change of the registry does not wait behind figures.
/// It derives all it shows in <see cref="Refresh"/>, from one snapshot, and changes nothing on its own account.
/// </summary>
public abstract class LivePage : ComponentBase, IAsyncDisposable
{
    private static readonly TimeSpan FiveASecond = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _closed = new();
    private readonly List<Task> _loops = [];

    // One waiting signal is enough: a render shows the newest state, however many changes led to it.
    private readonly Channel<bool> _signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // The pause that a change of the registry may end: one that began with a render of figures alone.
    private CancellationTokenSource? _pause;
    private int _changed;
    private bool _readsAgain;
    private object? _drawn;

    [Inject]
    protected IRegistry Registry { get; set; } = null!;

    [Inject]
    protected TimeProvider Time { get; set; } = null!;

    [Inject]
    protected PastView Past { get; set; } = null!;

    /// <summary>The registry that the page shows: now's, or that of the moment that is looked at.</summary>
    protected RegistrySnapshot Mesh => Past.RegistryOf(Registry);

    /// <summary>Time from one render that a feed caused to the next while they keep coming, see <see cref="RenderPace"/>.</summary>
    protected virtual TimeSpan Pace => FiveASecond;

    /// <summary>
    /// All that is drawn, to be compared: a refresh after which it is equal draws nothing and sends nothing. Null: every refresh draws. Blazor sends a batch for each render, also for one without a difference.
    /// </summary>
    protected virtual object? Drawn => null;

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Closed => _closed.Token;

    protected override void OnInitialized()
    {
        Past.Changed += Signal;
        _loops.Add(FollowAsync(Registry.Feed, Concerns, SignalChange));
        _loops.Add(RenderLoopAsync());
    }

    protected override void OnParametersSet()
    {
        Refresh();
        _drawn = Drawn;
    }

    /// <summary>Whether a registry update can change what is shown.</summary>
    protected virtual bool Concerns(RegistryUpdate update) => true;

    /// <summary>Derives what is shown from the newest states. Runs before each render that a feed caused.</summary>
    protected abstract void Refresh();

    /// <summary>Follows another feed until the page is left.</summary>
    protected void Follow<TState, TChange>(Feed<TState, TChange> feed, Func<TChange, bool>? concerns = null)
        where TState : class
    {
        ArgumentNullException.ThrowIfNull(feed);
        _loops.Add(FollowAsync(feed, concerns ?? (_ => true), Signal));
    }

    /// <summary>Why something cannot be read from the database, for the viewer.</summary>
    internal static string Unreadable(Exception fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return $"The history cannot be read now: {fault.Message.TrimEnd('.')}. It is tried again every {AgainAfter.TotalSeconds:0} s.";
    }

    /// <summary>Reads again in 5 s what could not be read: it comes by itself when the database is back. By the page's renderer alone.</summary>
    protected void Again(Func<Task> read)
    {
        if (!_readsAgain)
        {
            _readsAgain = true;
            _ = AgainAsync(read);
        }
    }

    private async Task AgainAsync(Func<Task> read)
    {
        try
        {
            await Task.Delay(AgainAfter, Time, Closed).ConfigureAwait(false);
            await InvokeAsync(() =>
            {
                _readsAgain = false;
                return read();
            }).ConfigureAwait(false);
            Signal();
        }
        catch (Exception left) when (left is OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    /// <summary>Asks for a refresh and a render within 200 ms. From any thread.</summary>
    protected void Signal() => _signals.Writer.TryWrite(true);

    public async ValueTask DisposeAsync()
    {
        Past.Changed -= Signal;
        await _closed.CancelAsync();
        await Task.WhenAll(_loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await DisposeAsyncCore();
        _closed.Dispose();
        GC.SuppressFinalize(this);
    }

    protected virtual ValueTask DisposeAsyncCore() => ValueTask.CompletedTask;

    private void SignalChange()
    {
        Interlocked.Exchange(ref _changed, 1);
        Signal();
        EndPause();
    }

    private void EndPause()
    {
        if (Interlocked.Exchange(ref _pause, null) is { } pause)
        {
            pause.Cancel();
            pause.Dispose();
        }
    }

    private async Task FollowAsync<TState, TChange>(Feed<TState, TChange> feed, Func<TChange, bool> concerns, Action signal)
        where TState : class
    {
        try
        {
            await feed.FollowAsync(
                _ =>
                {
                    Signal();
                    return ValueTask.CompletedTask;
                },
                change =>
                {
                    if (concerns(change))
                    {
                        signal();
                    }

                    return ValueTask.CompletedTask;
                },
                Closed,
                capacity: 256).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task RenderLoopAsync()
    {
        try
        {
            var pace = new RenderPace(Pace, Time);
            while (await _signals.Reader.WaitToReadAsync(Closed).ConfigureAwait(false))
            {
                _signals.Reader.TryRead(out _);
                var changed = Interlocked.Exchange(ref _changed, 0) == 1;
                await InvokeAsync(() =>
                {
                    Refresh();
                    var drawn = Drawn;
                    if (drawn is null || !drawn.Equals(_drawn))
                    {
                        _drawn = drawn;
                        StateHasChanged();
                    }
                }).ConfigureAwait(false);
                await (changed ? Task.Delay(pace.RestAfterChange(), Time, Closed) : PauseAsync()).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (ObjectDisposedException)
        {
            // The circuit went away between the signal and the render.
        }
        catch (Exception fault)
        {
            await DispatchExceptionAsync(fault).ConfigureAwait(false);
        }
    }

    private async Task PauseAsync()
    {
        var pause = CancellationTokenSource.CreateLinkedTokenSource(Closed);
        var ended = pause.Token;
        Volatile.Write(ref _pause, pause);
        if (Volatile.Read(ref _changed) == 1)
        {
            EndPause();
        }

        try
        {
            await Task.Delay(Pace, Time, ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!Closed.IsCancellationRequested)
        {
            // A change of the registry is waiting.
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _pause, null, pause) == pause)
            {
                pause.Dispose();
            }
        }
    }
}
