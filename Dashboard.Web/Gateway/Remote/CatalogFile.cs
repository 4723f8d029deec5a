using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>
/// The last catalog as a file: a line with the format's name, its version and the SHA-256 of all that follows; a line of JSON that says whose it is and as of when; the catalog as the
/// watch stream's snapshot.
/// </summary>
internal static partial class CatalogFile
{
    public const int Version = 1;

    private const string Format = "dashboard-gateway-catalog";

    public static byte[] Encode(string gateway, ServingCatalog catalog, DateTimeOffset asOf)
    {
        using var body = new MemoryStream();
        JsonSerializer.Serialize(body, new Header(gateway, asOf), FileJson.Default.Header);
        body.WriteByte((byte)'\n');
        JsonSerializer.Serialize(body, WatchProtocol.Snapshot(catalog, asOf), DiscoveryJson.Default.WatchSnapshotDocument);
        var bytes = body.GetBuffer().AsSpan(0, (int)body.Length);
        return [.. Encoding.ASCII.GetBytes($"{Format} {Version} {Convert.ToHexStringLower(SHA256.HashData(bytes))}\n"), .. bytes];
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <param name="gateway">Who reads: the file of another gateway, perhaps of another mesh, is refused.</param>
    public static Content Decode(ReadOnlySpan<byte> file, string gateway)
    {
        var end = file[..Math.Min(file.Length, 256)].IndexOf((byte)'\n');
        var first = end < 0 ? [] : Encoding.ASCII.GetString(file[..end]).Split(' ');
        if (first is not [Format, var version, var hash])
        {
            return new(null, default, "it is no snapshot of a gateway", IsForeign: true);
        }

        if (version != Version.ToString(CultureInfo.InvariantCulture))
        {
            return new(null, default, $"it has the format {version}, and this release reads {Version}", IsForeign: false);
        }

        var body = file[(end + 1)..];
        if (!Convert.ToHexStringLower(SHA256.HashData(body)).Equals(hash, StringComparison.Ordinal))
        {
            return new(null, default, "it is damaged: its checksum does not fit", IsForeign: false);
        }

        try
        {
            var line = body.IndexOf((byte)'\n');
            var header = JsonSerializer.Deserialize(body[..line], FileJson.Default.Header);
            if (header?.Gateway != gateway)
            {
                return new(null, default, $"it belongs to the gateway '{header?.Gateway}', and this one is '{gateway}' (Gateway:Id)", IsForeign: true);
            }

            var catalog = JsonSerializer.Deserialize(body[(line + 1)..], DiscoveryJson.Default.WatchSnapshotDocument);
            return catalog is null ? new(null, default, "it is empty", IsForeign: false) : new(WatchProtocol.Apply(catalog), header.AsOf, null, IsForeign: false);
        }
        catch (Exception broken) when (broken is JsonException or ArgumentException)
        {
            // Whole, and yet not what this release writes.
            return new(null, default, $"it cannot be read: {broken.Message}", IsForeign: false);
        }
    }

    /// <summary>What a file holds.</summary>
    /// <param name="AsOf">When the catalog was last known to be current.</param>
    /// <param name="Fault">Why it is not used; null when it is.</param>
    /// <param name="IsForeign">Somebody else's file, which is never overwritten.</param>
    public readonly record struct Content(ServingCatalog? Catalog, DateTimeOffset AsOf, string? Fault, bool IsForeign);

    internal sealed record Header(string Gateway, DateTimeOffset AsOf);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(Header))]
    internal sealed partial class FileJson : JsonSerializerContext;
}
