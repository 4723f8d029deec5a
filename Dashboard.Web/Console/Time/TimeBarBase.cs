using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using Dashboard.Core.Attention;
using Dashboard.Core.History;
using Dashboard.Web.Console.Live;
using Dashboard.Web.Console.State;
using Microsoft.AspNetCore.Components;

namespace Dashboard.Web.Console.Time;

/// <summary>The line of time: says unmistakably that the past is shown, moves in it, and leads back to now.</summary>
public abstract class TimeBarBase : ComponentBase, IDisposable
{
    private static readonly TimeSpan MarksEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _closed = new();
    private IDisposable? _keeping;
    private (DateTimeOffset From, DateTimeOffset To) _marked;
    private DateTimeOffset _markedAt;
    private CancellationTokenSource? _play;

    private NotableMarks _told = NotableMarks.None;

    /// <summary>Every change of which there is a mark, oldest first.</summary>
    private ImmutableArray<ChangeMark> _changes = [];

    private protected ImmutableArray<TimeMark> _marks = [];
    protected DateTimeOffset? _dragged;
    protected bool _playing;
    protected int _speed = 1;

    /// <summary>On a phone the line alone is shown until more is asked for.</summary>
    protected bool _tools;

    [Inject]
    protected PastView Past { get; set; } = null!;

    [Inject]
    protected TimeProvider Time { get; set; } = null!;

    [Inject]
    private ViewerClock Clock { get; set; } = null!;

    [Inject]
    private IServiceProvider Services { get; set; } = null!;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    /// <summary>What the browser puts before the page's title.</summary>
    protected string? Title => Past.Wanted is { } at ? $"Past {Words(at)}" : null;

    protected string Grain => Past.Problem is not null ? "" : Past.IsLoading ? "Fetching…" : Past.Mesh?.Grain switch
    {
        TrafficGrain.Second => "Traffic by the second.",
        TrafficGrain.Minute => "Traffic is that of the whole minute.",
        TrafficGrain.Unknown => "Traffic of this moment is unknown.",
        _ => "",
    };

    /// <summary>The last change before the moment.</summary>
    protected ChangeMark? Before => _changes.LastOrDefault(mark => Past.Wanted is { } at && mark.At.AddSeconds(2) < at);

    /// <summary>The first change after the moment.</summary>
    protected ChangeMark? After => _changes.FirstOrDefault(mark => Past.Wanted is { } at && mark.At > at);

    /// <summary>What the moment follows at once, in words.</summary>
    protected ImmutableArray<string> Nearest
    {
        get
        {
            var reach = TimeSpan.FromSeconds(Math.Max(10, Past.Range.Step.TotalSeconds * 2));
            return Past.Wanted is { } at ? [.. TimeMark.Tell([.. _changes.Where(mark => mark.At <= at && at - mark.At < reach)])] : [];
        }
    }

    /// <summary>From when on the line tells what happened by itself; null = all over it.</summary>
    protected DateTimeOffset? UnaskedSince => _told.UnaskedSince;

    /// <summary>A key of the shell: a move in time.</summary>
    public void Press(string key)
    {
        switch (key)
        {
            case "earlier": Move(-1); break;
            case "later" when Past.IsPast: Move(1); break;
            case "change-before" when Past.IsPast: ToMark(Before); break;
            case "change-after" when Past.IsPast: ToMark(After); break;
            case "now" when Past.IsPast: Leave(); break;
        }
    }

    public void Dispose()
    {
        Past.Changed -= OnChanged;
        Clock.Tick -= OnTick;
        _closed.Cancel();
        Pause();
        _keeping?.Dispose();
        _closed.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override void OnInitialized()
    {
        Past.Changed += OnChanged;
        Clock.Tick += OnTick;
        Follow();
    }

    protected string Words(DateTimeOffset at)
    {
        var local = Clock.Local(at);
        var today = Clock.Local(Time.GetUtcNow()).Date;
        return local.ToString(local.Date == today ? "HH:mm:ss" : local.Year == today.Year ? "d MMM HH:mm:ss" : "d MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture);
    }

    protected string Ago(DateTimeOffset at) => Time.GetUtcNow() - at is { TotalDays: >= 2 } age ? $"{Format.Count((long)age.TotalDays)} days ago" : Format.Ago(Time.GetUtcNow() - at);

    protected string Local(DateTimeOffset at) => Clock.Local(at).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);

    protected string Place(DateTimeOffset at)
    {
        var (from, to) = Past.Window;
        return (Math.Clamp((at - from) / (to - from), 0, 1) * 100).ToString("0.##", CultureInfo.InvariantCulture);
    }

    protected long Seconds(DateTimeOffset at) => (long)(at - Past.Window.From).TotalSeconds;

    protected void Drag(ChangeEventArgs args)
    {
        Pause();
        _dragged = MomentOf(args);
    }

    protected void Drop(ChangeEventArgs args)
    {
        Pause();
        _dragged = null;
        if (MomentOf(args) is { } at)
            Past.Go(at < Time.GetUtcNow().AddSeconds(-Past.Range.Step.TotalSeconds) ? at : null);
    }

    protected void Typed(ChangeEventArgs args)
    {
        ArgumentNullException.ThrowIfNull(args);
        if (DateTime.TryParse(args.Value as string, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
        {
            Pause();
            Past.Go(new DateTimeOffset(local, Clock.Zone.GetUtcOffset(local)));
        }
    }

    protected void Move(int minutes)
    {
        Pause();
        Past.Go((Past.Wanted ?? DateTimeOffset.FromUnixTimeSeconds(Time.GetUtcNow().ToUnixTimeSeconds())).AddMinutes(minutes));
    }

    // A second after the change: the moment to which it belongs.
    protected void ToMark(ChangeMark? mark)
    {
        Pause();
        if (mark is not null)
            Past.Go(mark.At.AddSeconds(1));
    }

    protected void Leave()
    {
        Pause();
        Past.Go(null);
    }

    protected void RangeChanged(ChangeEventArgs args)
    {
        ArgumentNullException.ThrowIfNull(args);
        Past.Choose(TimeRange.Of(args.Value as string));
    }

    protected void SpeedChanged(ChangeEventArgs args)
    {
        ArgumentNullException.ThrowIfNull(args);
        _speed = int.TryParse(args.Value as string, NumberStyles.None, CultureInfo.InvariantCulture, out var speed) ? speed : 1;
    }

    protected void TogglePlay()
    {
        if (_playing)
        {
            Pause();
            return;
        }

        _playing = true;
        _play = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token);
        _ = PlayAsync(_play.Token);
    }

    private void Pause()
    {
        _playing = false;
        _play?.Cancel();
        _play?.Dispose();
        _play = null;
    }

    private async Task PlayAsync(CancellationToken paused)
    {
        try
        {
            while (!paused.IsCancellationRequested)
            {
                await Task.Delay(Beat, Time, paused);
                await InvokeAsync(() =>
                {
                    // What was asked for comes first: a slow database slows the play down.
                    if (paused.IsCancellationRequested || Past.IsLoading || Past.Wanted is not { } at)
                        return;

                    var next = at.AddSeconds(_speed);
                    if (next >= Time.GetUtcNow())
                        Pause();
                    Past.Go(next);
                });
            }
        }
        catch (Exception over) when (over is OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private void OnChanged() => _ = InvokeAsync(() =>
    {
        Follow();
        StateHasChanged();
    });

    private void OnTick()
    {
        if (Past.IsPast)
        {
            _ = InvokeAsync(() =>
            {
                Past.AskAgain();
                Follow();
                StateHasChanged();
            });
        }
    }

    private void Follow()
    {
        if (!Past.IsPast)
        {
            _keeping?.Dispose();
            _keeping = null;
            Pause();
            return;
        }

        _keeping ??= Navigation.RegisterLocationChangingHandler(Past.KeepAsync);
        var window = Past.Window;
        var now = Time.GetUtcNow();
        if (_marked.From > window.From.AddSeconds(1) || _marked.To < window.To - MarksEvery || (window.To - window.From) != (_marked.To - _marked.From) || now - _markedAt > MarksEvery)
        {
            (_marked, _markedAt) = (window, now);
            _ = FetchAsync(window.From, window.To);
        }
    }

    private async Task FetchAsync(DateTimeOffset from, DateTimeOffset to)
    {
        try
        {
            var told = await Services.GetRequiredService<MeshHistory>().NotableAsync(from, to, _closed.Token);
            await InvokeAsync(() =>
            {
                _told = told;
                _changes = [.. told.Marks.Concat(TimeMark.Of(Services.GetRequiredService<AttentionBoard>().Feed.Current, from, to)).OrderBy(mark => mark.At)];
                _marks = TimeMark.Gather(_changes, to - from);
                StateHasChanged();
            });
        }
        catch (Exception away) when (away is DbException or TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            // The line stays without newer marks; the banner of the database says why.
        }
    }

    private DateTimeOffset? MomentOf(ChangeEventArgs args) =>
        long.TryParse(args.Value as string, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(Past.Window.From.ToUnixTimeSeconds() + seconds) : null;
}
