using System.Text.Json.Serialization;

namespace Dashboard.Core.Postgres;

/// <summary>What a backup says of itself.</summary>
/// <param name="Format">Of the file; 1.</param>
/// <param name="Schema">The schema script that the tables are of.</param>
/// <param name="Generation">The generation that was backed up; a restored registry gets another.</param>
/// <param name="Tables">What is in it, in the order in which it was read.</param>
public sealed record BackupManifest(int Format, int Schema, Guid Generation, long Revision, DateTimeOffset At, IReadOnlyList<BackupTable> Tables);

/// <summary>A table of a backup.</summary>
/// <param name="Columns">In the order of the rows' values.</param>
public sealed record BackupTable(string Name, IReadOnlyList<string> Columns);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BackupManifest))]
internal sealed partial class BackupJson : JsonSerializerContext;
