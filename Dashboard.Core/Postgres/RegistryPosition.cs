using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard.Core.Postgres;

/// <summary>
/// Where the registry stood when this console last looked, kept in a file of its own beside the database: after a restart it tells a database that was taken
/// back to an earlier state from the one that followers know.
/// </summary>
/// <param name="Hash">The hash of the change at <paramref name="Revision"/>.</param>
/// <param name="Services">How many services there were.</param>
internal sealed record RegistryPosition(Guid Generation, long Revision, byte[] Hash, int Services)
{
    /// <summary>Reads the file; null where there is none, or none that can be read.</summary>
    public static RegistryPosition? Read(string? path)
    {
        try
        {
            return path is null || !File.Exists(path) ? null : JsonSerializer.Deserialize(File.ReadAllBytes(path), PositionJson.Default.RegistryPosition);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the file; whoever reads meanwhile sees the former or the new one whole.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var partial = path + ".new";
        File.WriteAllBytes(partial, JsonSerializer.SerializeToUtf8Bytes(this, PositionJson.Default.RegistryPosition));
        File.Move(partial, path, overwrite: true);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RegistryPosition))]
internal sealed partial class PositionJson : JsonSerializerContext;
