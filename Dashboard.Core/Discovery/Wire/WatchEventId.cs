using System.Globalization;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>
/// The <c>id</c> of a watch event, <c>{generation}.{revision}.{overlay}</c>: what a follower holds after the event. A client that reconnects sends it back as
/// <c>Last-Event-ID</c>; a foreign generation or a revision above the head gets a snapshot.
/// </summary>
public readonly record struct WatchEventId(Guid Generation, long Revision, long Overlay)
{
    public static WatchEventId Of(ServingCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new(catalog.Generation, catalog.Revision, catalog.Overlay);
    }

    /// <summary>False when the text is none; the client then gets a snapshot.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out WatchEventId id)
    {
        id = default;
        Span<Range> parts = stackalloc Range[4];
        if (text.Split(parts, '.') != 3
            || !Guid.TryParseExact(text[parts[0]], "N", out var parsed)
            || !long.TryParse(text[parts[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var parsedRevision)
            || !long.TryParse(text[parts[2]], NumberStyles.None, CultureInfo.InvariantCulture, out var parsedOverlay))
        {
            return false;
        }

        id = new(parsed, parsedRevision, parsedOverlay);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Generation:N}.{Revision}.{Overlay}");
}
