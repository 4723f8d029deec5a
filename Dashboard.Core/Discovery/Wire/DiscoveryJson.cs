using System.Text.Json;
using System.Text.Json.Serialization;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Discovery.Wire;

/// <summary>The JSON of what followers read and answer: camelCase, enumerations as camelCase words, absent instead of null.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(CamelCaseEnumConverter<ServiceProtocol>), typeof(CamelCaseEnumConverter<BalancingPolicy>), typeof(CamelCaseEnumConverter<IntentKind>)])]
[JsonSerializable(typeof(ServingDocument))]
[JsonSerializable(typeof(WatchSnapshotDocument))]
[JsonSerializable(typeof(WatchChangeDocument))]
[JsonSerializable(typeof(AcknowledgementDocument))]
public sealed partial class DiscoveryJson : JsonSerializerContext;
