using System.Data.Common;
using System.Globalization;
using Dashboard.Core.History;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace Dashboard.Web.Console.Time;

/// <summary>
/// Which moment the viewer looks at: the address says it (<c>?at=2026-11-23T09:41:00Z</c>), so that it can be linked to. While there is one, pages show the mesh of that moment and nothing can be
/// changed. Scoped: one a circuit.
/// </summary>
public sealed class PastView : IDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(5);

    private readonly NavigationManager _navigation;
    private readonly IServiceProvider _services;
    private readonly TimeProvider _time;
    private PastAnswer? _answer;
    private DateTimeOffset? _answered;
    private DateTimeOffset? _asked;
    private string? _read;
    private DateTimeOffset? _wanted;
    private bool _malformed;
    private DateTimeOffset? _awayAt;
    private bool _disposed;

    public PastView(NavigationManager navigation, IServiceProvider services, TimeProvider time)
    {
        (_navigation, _services, _time) = (navigation, services, time);
        _navigation.LocationChanged += OnLocation;
        Ask();
    }

    /// <summary>Another moment is wanted, or it has come. On any thread.</summary>
    public event Action? Changed;

    /// <summary>Said wherever an act is refused.</summary>
    public const string ActingIsOff = "You are looking at the past. Acting is off.";

    /// <summary>The moment in the address; null = now.</summary>
    public DateTimeOffset? Wanted
    {
        get
        {
            if (!ReferenceEquals(_read, _navigation.Uri))
            {
                _read = _navigation.Uri;
                var text = QueryOf("at");
                _malformed = false;
                _wanted = text is null ? null
                    : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds())
                    : Malformed();
            }

            return _wanted;
        }
    }

    public bool IsPast => Wanted is not null;

    /// <summary>The mesh that is shown; null now, and until the first moment has come.</summary>
    public PastMesh? Mesh => IsPast ? _answer?.Mesh : null;

    /// <summary>The moment that was asked for has not come yet.</summary>
    public bool IsLoading => IsPast && _answered != Wanted;

    /// <summary>Why the moment cannot be shown; null when it is, or is on its way.</summary>
    public string? Problem => !IsPast || IsLoading ? null : _malformed ? "The address names no moment: write it as ?at=2026-11-23T09:41:00Z." : _answer?.Problem;

    /// <summary>The first moment that can be shown, where the one that was asked for cannot.</summary>
    public DateTimeOffset? Oldest => _answer?.Oldest;

    public TimeRange Range => TimeRange.Of(QueryOf("range"));

    /// <summary>The time around the moment that charts and the line of time show.</summary>
    public (DateTimeOffset From, DateTimeOffset To) Window
    {
        get
        {
            var now = _time.GetUtcNow();
            var length = Range.Length;
            var to = Wanted is { } at && at < now - length ? Earlier(now, at + length / 2) : now;
            return (to - length, to);
        }
    }

    /// <summary>The registry that is shown.</summary>
    public RegistrySnapshot RegistryOf(IRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return Mesh?.Registry ?? registry.Current;
    }

    /// <summary>The traffic that is shown; null where it is unknown.</summary>
    public TrafficFrame? TrafficOf(TrafficStore traffic)
    {
        ArgumentNullException.ThrowIfNull(traffic);
        return Mesh is { } past ? past.Traffic.Sequence > 0 ? past.Traffic : null
            : traffic.Feed.Current is { Sequence: > 0 } frame && !traffic.Reporters.IsEmpty ? frame : null;
    }

    /// <summary>Goes to a moment on the same page; null = now.</summary>
    public void Go(DateTimeOffset? at, bool replace = true)
    {
        var query = new Dictionary<string, object?> { ["at"] = at is { } moment && moment < _time.GetUtcNow() ? Text(moment) : null };
        _navigation.NavigateTo(_navigation.GetUriWithQueryParameters(query), replace: replace && IsPast);
    }

    public void Choose(TimeRange range)
    {
        ArgumentNullException.ThrowIfNull(range);
        _navigation.NavigateTo(_navigation.GetUriWithQueryParameter("range", range == TimeRange.Shortest ? null : range.Key), replace: true);
    }

    /// <summary>An address of this console that stays at the moment that is looked at.</summary>
    public string Keep(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (Wanted is not { } at || HasMoment(address))
            return address;

        var range = Range == TimeRange.Shortest ? "" : $"&range={Range.Key}";
        return $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}at={Uri.EscapeDataString(Text(at))}{range}";
    }

    /// <summary>Links inside the past stay in it; going back, and "Now", leave it.</summary>
    public ValueTask KeepAsync(LocationChangingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var target = _navigation.ToAbsoluteUri(context.TargetLocation);
        if (!IsPast || HasMoment(context.TargetLocation) || !_navigation.ToAbsoluteUri(_navigation.BaseUri).IsBaseOf(target) || target.AbsolutePath.StartsWith("/api/", StringComparison.Ordinal)
            || (!context.IsNavigationIntercepted && target.AbsolutePath == new Uri(_navigation.Uri).AbsolutePath))
            return ValueTask.CompletedTask;

        context.PreventNavigation();
        _navigation.NavigateTo(Keep(target.PathAndQuery));
        return ValueTask.CompletedTask;
    }

    /// <summary>Asks once more for a moment that could not be read because the database was away, at most every 5 s.</summary>
    public void AskAgain()
    {
        if (_awayAt is not { } away || _asked is not { } at || _time.GetUtcNow() - away < AgainAfter)
            return;

        _awayAt = null;
        _ = AskAsync(at);
    }

    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public void Dispose()
    {
        _disposed = true;
        _navigation.LocationChanged -= OnLocation;
    }

    private void OnLocation(object? sender, LocationChangedEventArgs args) => Ask();

    private void Ask()
    {
        var wanted = Wanted;
        if (wanted == _asked)
            return;

        _asked = wanted;
        if (wanted is not { } at)
        {
            (_answer, _answered, _awayAt) = (null, null, null);
            Changed?.Invoke();
            return;
        }

        Changed?.Invoke();
        _ = AskAsync(at);
    }

    private async Task AskAsync(DateTimeOffset at)
    {
        PastAnswer answer;
        var away = false;
        try
        {
            answer = _malformed ? new(null, PastFault.NotKnown, null, null) : await _services.GetRequiredService<MeshHistory>().AtAsync(at, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is DbException or TimeoutException or InvalidOperationException)
        {
            answer = new(null, PastFault.NotKnown, "The registry's database does not answer: the past cannot be read now. It is tried again every few seconds.", null);
            away = true;
        }

        // An answer to what is no longer asked comes too late.
        if (_disposed || _asked != at)
            return;

        (_answer, _answered, _awayAt) = (answer, at, away ? _time.GetUtcNow() : null);
        Changed?.Invoke();
    }

    private DateTimeOffset? Malformed()
    {
        _malformed = true;
        return DateTimeOffset.UnixEpoch;
    }

    private string? QueryOf(string name) =>
        System.Web.HttpUtility.ParseQueryString(_navigation.ToAbsoluteUri(_navigation.Uri).Query).Get(name) is { Length: > 0 } text ? text : null;

    private static bool HasMoment(string address) =>
        address.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query && System.Web.HttpUtility.ParseQueryString(address[query..]).Get("at") is not null;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
