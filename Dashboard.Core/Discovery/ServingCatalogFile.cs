using System.Text.Json;
using Dashboard.Core.Discovery.Wire;

namespace Dashboard.Core.Discovery;

/// <summary>A catalog on disk, whole or not at all: what a console told its followers last, for a start at which there is nothing better to tell them.</summary>
/// <param name="path">The file; its directory is made where it is missing.</param>
public sealed class ServingCatalogFile(string path)
{
    /// <summary>The catalog; null where there is no file, or none that can be read.</summary>
    public ServingCatalog? Read()
    {
        try
        {
            return File.Exists(path) && JsonSerializer.Deserialize(File.ReadAllBytes(path), DiscoveryJson.Default.WatchSnapshotDocument) is { } document
                ? WatchProtocol.Apply(document)
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the catalog; whoever reads meanwhile sees the former or the new one whole.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Write(ServingCatalog catalog)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var partial = path + ".new";
        using (var file = File.Create(partial))
        {
            JsonSerializer.Serialize(file, WatchProtocol.Snapshot(catalog, staleSince: null), DiscoveryJson.Default.WatchSnapshotDocument);
            file.Flush(flushToDisk: true);
        }

        File.Move(partial, path, overwrite: true);
    }
}
