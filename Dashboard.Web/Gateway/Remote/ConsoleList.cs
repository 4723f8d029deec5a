using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>The consoles that may be followed, in the configured order, and the one that is. It stays until it is away: nobody returns to an earlier one by himself.</summary>
internal sealed class ConsoleList(IOptions<ConsoleOptions> options)
{
    private readonly ImmutableArray<Uri> _all = options.Value.Addresses;
    private int _current;
    private long _switches;

    public int Count => _all.Length;

    /// <summary>The console that is followed, or tried next.</summary>
    public Uri Current => _all[Volatile.Read(ref _current)];

    /// <summary>Those that are not followed.</summary>
    public IEnumerable<Uri> Others => _all.Where(address => address != Current);

    /// <summary>How often another console was followed than the one before, since the start.</summary>
    public long Switches => Interlocked.Read(ref _switches);

    public void Next() => Volatile.Write(ref _current, (Volatile.Read(ref _current) + 1) % _all.Length);

    public void MoveTo(Uri address) => Volatile.Write(ref _current, _all.IndexOf(address));

    public void Switched() => Interlocked.Increment(ref _switches);
}
