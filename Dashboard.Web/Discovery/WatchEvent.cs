using System.Buffers;
using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary>
/// One event of a watch stream on its way to one client: a few bytes of its own, and the serving sets as <see cref="ServingBytes"/> that all clients share. So an event costs a client
/// that does not read nothing but a piece of it. The JSON is that of <see cref="WatchSnapshotDocument"/> and <see cref="WatchChangeDocument"/>.
/// </summary>
internal sealed class WatchEvent
{
    private readonly byte[] _head;
    private readonly IEnumerable<ServingSet> _sets;

    private WatchEvent(ServingCatalog catalog, string name, string setsName, IEnumerable<ServingSet> sets, DateTimeOffset? staleSince, IEnumerable<string>? removed)
    {
        _sets = sets;
        var head = new ArrayBufferWriter<byte>(512);
        head.Write(Encoding.ASCII.GetBytes($"id: {WatchEventId.Of(catalog)}\nevent: {name}\ndata: "));
        using (var json = new Utf8JsonWriter(head))
        {
            json.WriteStartObject();
            json.WriteString("generation", catalog.Generation);
            json.WriteNumber("revision", catalog.Revision);
            json.WriteNumber("overlay", catalog.Overlay);
            json.WriteString("at", catalog.At);
            if (staleSince is { } since)
                json.WriteString("staleSince", since);

            if (removed is null && catalog.Confirmed)
                json.WriteBoolean("confirmed", true);

            if (removed is not null)
            {
                json.WriteStartArray("removed");
                foreach (var service in removed)
                    json.WriteStringValue(service);

                json.WriteEndArray();
            }
        }

        head.Write(Encoding.ASCII.GetBytes($",\"{setsName}\":["));
        _head = head.WrittenSpan.ToArray();
    }

    /// <summary>Everything followed, at one revision.</summary>
    /// <param name="follows">Whether the follower asked for a service; null = all.</param>
    public static WatchEvent Snapshot(ServingCatalog catalog, DateTimeOffset? staleSince, Func<string, bool>? follows) =>
        new(catalog, WatchProtocol.SnapshotEvent, "services", Sorted(catalog.Services.Values.Where(set => follows is null || follows(set.Service))), staleSince, removed: null);

    /// <summary>What is different from the event before.</summary>
    public static WatchEvent Change(ServingCatalog catalog, IEnumerable<string> changed, DateTimeOffset? staleSince, Func<string, bool>? follows)
    {
        var names = changed.Where(name => follows is null || follows(name)).ToImmutableArray();
        return new(
            catalog,
            WatchProtocol.ChangeEvent,
            "changed",
            Sorted(names.Select(name => catalog.Services.GetValueOrDefault(name)).OfType<ServingSet>()),
            staleSince,
            names.Where(name => !catalog.Services.ContainsKey(name)));
    }

    /// <exception cref="TimeoutException">The client does not read.</exception>
    public async ValueTask WriteAsync(PipeWriter writer, ServingBytes bytes, TimeProvider time, CancellationToken cancellationToken)
    {
        writer.Write(_head);
        var unsent = _head.Length;
        var first = true;
        foreach (var set in _sets)
        {
            if (!first)
                writer.Write(","u8);

            first = false;
            var encoded = bytes.Of(set);
            if (unsent + encoded.Length > PacedBody.Piece)
            {
                await PacedBody.FlushAsync(writer, time, cancellationToken);
                unsent = 0;
            }

            if (encoded.Length > PacedBody.Piece)
            {
                await PacedBody.WriteAsync(writer, encoded, time, cancellationToken);
                continue;
            }

            writer.Write(encoded);
            unsent += encoded.Length;
        }

        writer.Write("]}\n\n"u8);
        await PacedBody.FlushAsync(writer, time, cancellationToken);
    }

    private static ServingSet[] Sorted(IEnumerable<ServingSet> sets) => [.. sets.OrderBy(set => set.Service, StringComparer.Ordinal)];
}
