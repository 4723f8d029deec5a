using System.Collections.Concurrent;
using Dashboard.Core.Traffic;
using Microsoft.Extensions.Primitives;

namespace Dashboard.Web.Gateway;

/// <summary>
/// Gives each caller that names itself in <c>x-mesh-source</c> a small number, so that counters are found without an allocation. Bounded: services of the registry
/// always have a place of their own, other names only the first few, the rest are <see cref="TrafficSource.Unknown"/>.
/// </summary>
internal sealed class SourceTable(int maximumUnregistered, Func<string, bool> isRegistered)
{
    public const string Header = "x-mesh-source";
    private const int Maximum = 4096;

    private readonly ConcurrentDictionary<string, TrafficCaller> _callers = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _unregistered;
    private int _count = 2;

    public TrafficCaller External { get; } = new(TrafficSource.External, 0);

    public TrafficCaller Unknown { get; } = new(TrafficSource.Unknown, 1);

    public TrafficCaller Find(IHeaderDictionary headers) =>
        !headers.TryGetValue(Header, out var value) || StringValues.IsNullOrEmpty(value) ? External
        : value is [{ } name] ? _callers.TryGetValue(name, out var known) ? known : Add(name)
        : Unknown;

    /// <summary>True for <c>name</c> or <c>name.namespace</c>, each an RFC 1123 label of at most 63 characters.</summary>
    public static bool IsServiceName(ReadOnlySpan<char> name)
    {
        var dot = name.IndexOf('.');
        return dot < 0 ? IsLabel(name) : IsLabel(name[..dot]) && IsLabel(name[(dot + 1)..]);
    }

    private static bool IsLabel(ReadOnlySpan<char> label)
    {
        if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-')
        {
            return false;
        }

        foreach (var character in label)
        {
            if (!char.IsAsciiLetterLower(character) && !char.IsAsciiDigit(character) && character != '-')
            {
                return false;
            }
        }

        return true;
    }

    private TrafficCaller Add(string name)
    {
        if (!IsServiceName(name))
        {
            return Unknown;
        }

        if (name == TrafficSource.External || name == TrafficSource.Unknown)
        {
            return name == TrafficSource.External ? External : Unknown;
        }

        var registered = isRegistered(name);
        lock (_gate)
        {
            if (_callers.TryGetValue(name, out var known))
            {
                return known;
            }

            if (_count >= Maximum || (!registered && _unregistered >= maximumUnregistered))
            {
                return Unknown;
            }

            _unregistered += registered ? 0 : 1;
            var caller = new TrafficCaller(name, _count++);
            _callers[name] = caller;
            return caller;
        }
    }
}

/// <summary>One that calls services: its name and its place in every instance's counters.</summary>
internal sealed record TrafficCaller(string Name, int Index);
