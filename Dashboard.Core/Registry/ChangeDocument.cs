using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dashboard.Core.Registry;

/// <summary>
/// One side (before or after) of a change as it is stored in the change log: each entity's key with its value, absent values left out. Both sides list the
/// same entities in the same order.
/// </summary>
public sealed record ChangeDocument(ImmutableArray<EntityDocument> Entities)
{
    public static byte[] Before(ImmutableArray<EntityChange> changes) => Write(changes, before: true);

    public static byte[] After(ImmutableArray<EntityChange> changes) => Write(changes, before: false);

    /// <summary>The same as text.</summary>
    internal static string TextBefore(ImmutableArray<EntityChange> changes) => JsonSerializer.Serialize(Of(changes, before: true), ChangeJsonContext.Default.ChangeDocument);

    /// <summary>The same as text.</summary>
    internal static string TextAfter(ImmutableArray<EntityChange> changes) => JsonSerializer.Serialize(Of(changes, before: false), ChangeJsonContext.Default.ChangeDocument);

    /// <summary>Puts the two stored sides together again.</summary>
    /// <exception cref="JsonException">The stored bytes are not such documents, or do not belong together.</exception>
    public static ImmutableArray<EntityChange> Read(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        var old = JsonSerializer.Deserialize(before, ChangeJsonContext.Default.ChangeDocument)!;
        var next = JsonSerializer.Deserialize(after, ChangeJsonContext.Default.ChangeDocument)!;
        if (old.Entities.Length != next.Entities.Length)
        {
            throw new JsonException($"The before document lists {old.Entities.Length} entities, the after document {next.Entities.Length}.");
        }

        return [.. old.Entities.Zip(next.Entities, EntityDocument.Join)];
    }

    private static byte[] Write(ImmutableArray<EntityChange> changes, bool before) =>
        JsonSerializer.SerializeToUtf8Bytes(Of(changes, before), ChangeJsonContext.Default.ChangeDocument);

    private static ChangeDocument Of(ImmutableArray<EntityChange> changes, bool before)
    {
        var entities = ImmutableArray.CreateBuilder<EntityDocument>(changes.Length);
        foreach (var change in changes)
            entities.Add(EntityDocument.Side(change, before));
        return new(entities.MoveToImmutable());
    }
}

/// <summary>An entity's key and its value on one side of a change.</summary>
public sealed record EntityDocument
{
    public required string Kind { get; init; }

    public string? Service { get; init; }

    public string? Instance { get; init; }

    public string? Node { get; init; }

    public string? Follower { get; init; }

    public long? Operation { get; init; }

    public ServiceDefinition? ServiceValue { get; init; }

    public BrakeState? BrakeValue { get; init; }

    public InstanceEntry? InstanceValue { get; init; }

    public HealthState? HealthValue { get; init; }

    public OperatorState? OperatorValue { get; init; }

    public NodeState? NodeValue { get; init; }

    public FollowerRecord? FollowerValue { get; init; }

    public Operation? OperationValue { get; init; }

    public Withholding? WithholdingValue { get; init; }

    public long? Plan { get; init; }

    public Plan? PlanValue { get; init; }

    public long? Mark { get; init; }

    public AlertMark? MarkValue { get; init; }

    private InstanceKey Key => new(Service!, Instance!);

    internal static EntityDocument Side(EntityChange change, bool before) => change switch
    {
        ServiceChange c => new() { Kind = "service", Service = c.Name, ServiceValue = before ? c.Before : c.After },
        BrakeChange c => new() { Kind = "brake", Service = c.Service, BrakeValue = before ? c.Before : c.After },
        InstanceChange c => new() { Kind = "instance", Service = c.Key.Service, Instance = c.Key.Id, InstanceValue = before ? c.Before : c.After },
        HealthChange c => new() { Kind = "health", Service = c.Key.Service, Instance = c.Key.Id, HealthValue = before ? c.Before : c.After },
        OperatorChange c => new() { Kind = "operator", Service = c.Key.Service, Instance = c.Key.Id, OperatorValue = before ? c.Before : c.After },
        NodeChange c => new() { Kind = "node", Node = c.Name, NodeValue = before ? c.Before : c.After },
        FollowerChange c => new() { Kind = "follower", Follower = c.Id, FollowerValue = before ? c.Before : c.After },
        WithholdingChange c => new() { Kind = "withholding", WithholdingValue = before ? c.Before : c.After },
        OperationChange c => new() { Kind = "operation", Operation = c.Id, OperationValue = before ? c.Before : c.After },
        PlanChange c => new() { Kind = "plan", Plan = c.Id, PlanValue = Brief(before ? c.Before : c.After, c) },
        AlertMarkChange c => new() { Kind = "alertMark", Mark = c.Id, MarkValue = before ? c.Before : c.After },
        _ => throw new InvalidOperationException($"Unknown entity change {change.GetType().Name}."),
    };

    internal static EntityChange Join(EntityDocument old, EntityDocument next) => next.Kind switch
    {
        "service" => new ServiceChange(next.Service!, old.ServiceValue, next.ServiceValue),
        "brake" => new BrakeChange(next.Service!, old.BrakeValue, next.BrakeValue),
        "instance" => new InstanceChange(next.Key, old.InstanceValue, next.InstanceValue),
        "health" => new HealthChange(next.Key, old.HealthValue, next.HealthValue),
        "operator" => new OperatorChange(next.Key, old.OperatorValue, next.OperatorValue),
        "node" => new NodeChange(next.Node!, old.NodeValue, next.NodeValue),
        "follower" => new FollowerChange(next.Follower!, old.FollowerValue, next.FollowerValue),
        "withholding" => new WithholdingChange(old.WithholdingValue, next.WithholdingValue),
        "operation" => new OperationChange(next.Operation!.Value, old.OperationValue, next.OperationValue),
        "plan" => new PlanChange(next.Plan!.Value, old.PlanValue, next.PlanValue),
        "alertMark" => new AlertMarkChange(next.Mark!.Value, old.MarkValue, next.MarkValue),
        _ => throw new JsonException($"Unknown entity kind {next.Kind}."),
    };

    // A plan of a thousand instances moves a thousand times: what never changes is written once.
    private static Plan? Brief(Plan? side, PlanChange change) =>
        change is { Before: { } before, After: { } after } && ReferenceEquals(before.Definition, after.Definition) ? side! with { Definition = null } : side;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ChangeDocument))]
[JsonSerializable(typeof(ServiceSettings))]
[JsonSerializable(typeof(Registration))]
[JsonSerializable(typeof(OperatorState))]
[JsonSerializable(typeof(NodeState))]
[JsonSerializable(typeof(Operation))]
[JsonSerializable(typeof(Plan))]
[JsonSerializable(typeof(PlanDefinition))]
[JsonSerializable(typeof(HealthState))]
[JsonSerializable(typeof(BrakeState))]
[JsonSerializable(typeof(Withholding))]
[JsonSerializable(typeof(AlertMark))]
public sealed partial class ChangeJsonContext : JsonSerializerContext;
