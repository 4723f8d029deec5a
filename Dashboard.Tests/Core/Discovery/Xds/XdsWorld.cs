using System.Collections.Immutable;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Xds;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Core.Discovery.Xds;

/// <summary>A catalog that a test changes step by step, with its resources, handed to the streams under test.</summary>
internal sealed class XdsWorld(XdsDialect dialect, params ServingSet[] services)
{
    private readonly List<XdsStream> _streams = [];

    public XdsView View { get; private set; } = XdsView.Of(dialect, new(Guid.NewGuid(), 1, 0, DateTimeOffset.UnixEpoch, services.ToImmutableDictionary(set => set.Service)));

    public static ServingSet Service(string name, params int[] weights) => ServingSets.Of(
        name, [.. weights.Select((weight, index) => ServingSets.Endpoint($"{name}-{index + 1}", "10.0.0.1", 8000 + index, weight, zone: $"zone-{(char)('a' + index % 2)}"))]);

    public T Connect<T>(T stream)
        where T : XdsStream
    {
        _streams.Add(stream);
        stream.Offer(View, null);
        return stream;
    }

    public void Put(params ServingSet[] sets) => Step(View.Catalog.Services.SetItems(sets.Select(set => KeyValuePair.Create(set.Service, set))), [.. sets.Select(set => set.Service)]);

    public void Remove(string service) => Step(View.Catalog.Services.Remove(service), [service]);

    /// <summary>A revision that changes no serving set.</summary>
    public void Tick() => Step(View.Catalog.Services, []);

    private void Step(ImmutableDictionary<string, ServingSet> next, string[] changed)
    {
        var (view, keys) = View.Next(View.Catalog with { Revision = View.Revision + 1, Services = next }, changed);
        View = view;
        foreach (var stream in _streams)
            stream.Offer(view, keys);
    }
}
