using System.Text.Json.Serialization;

namespace Dashboard.Core.Replicas.Wire;

/// <summary>The JSON between consoles: camelCase, absent for null.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReplicaFrame))]
public sealed partial class ReplicaJson : JsonSerializerContext;
