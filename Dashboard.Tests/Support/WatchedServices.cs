using System.Text.Json;

namespace Dashboard.Tests.Support;

/// <summary>The serving instances by service, as a follower was told last.</summary>
internal sealed class WatchedServices
{
    private readonly Dictionary<string, string[]> _known = [];
    private string? _counted;

    /// <summary>The fewest instances of the counted service that were ever told.</summary>
    public int Fewest { get; private set; } = int.MaxValue;

    /// <summary>Counts from what is known of a service now.</summary>
    public void CountFrom(string service)
    {
        lock (_known)
        {
            _counted = service;
            Fewest = Of(service).Length;
        }
    }

    public void Take(JsonElement set)
    {
        lock (_known)
        {
            var service = set.GetProperty("service").GetString()!;
            var ids = _known[service] = [.. set.GetProperty("endpoints").EnumerateArray().Select(endpoint => endpoint.GetProperty("id").GetString()!)];
            Fewest = service == _counted ? Math.Min(Fewest, ids.Length) : Fewest;
        }
    }

    public string[] Of(string service)
    {
        lock (_known)
        {
            return _known.GetValueOrDefault(service) ?? [];
        }
    }
}
