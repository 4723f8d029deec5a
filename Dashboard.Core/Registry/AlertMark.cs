using System.Text.Json.Serialization;

namespace Dashboard.Core.Registry;

/// <summary>What an operator did about alerts.</summary>
public enum AlertMarkKind
{
    /// <summary>Somebody looks after one alert. It ends with the alert.</summary>
    Acknowledgement,

    /// <summary>Nobody wants to hear of these for a while, those to come among them.</summary>
    Silence,
}

/// <summary>An acknowledgement or a silence. It changes what is told to people and nothing else: neither the alert nor the mesh.</summary>
/// <param name="Id">The revision of the change that made it.</param>
/// <param name="Until">When it ends by itself.</param>
public sealed record AlertMark(long Id, AlertMarkKind Kind, AlertMatch Match, DateTimeOffset At, DateTimeOffset Until, string Actor, string? Reason);

/// <summary>Which alerts are meant: those that agree with everything that is not null.</summary>
/// <param name="Rule">Its name in camelCase, for example <c>instanceUnhealthy</c>.</param>
/// <param name="Alert">One alert by rule and target, <c>instanceUnhealthy:orders/orders-1</c>: acknowledgements.</param>
public sealed record AlertMatch(string? Rule = null, string? Service = null, string? Instance = null, string? Node = null, string? Alert = null)
{
    /// <summary>It names nothing, and so means every alert.</summary>
    [JsonIgnore]
    public bool IsEverything => this is { Rule: null, Service: null, Instance: null, Node: null, Alert: null };

    /// <summary>For people: <c>rule instanceUnhealthy, service orders</c>.</summary>
    public override string ToString() => Alert ?? (IsEverything ? "every alert" : string.Join(", ", new (string Name, string? Value)[] { ("rule", Rule), ("service", Service), ("instance", Instance), ("node", Node) }
        .Where(part => part.Value is not null).Select(part => $"{part.Name} {part.Value}")));
}
