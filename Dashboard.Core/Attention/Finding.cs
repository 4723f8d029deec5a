namespace Dashboard.Core.Attention;

/// <summary>A rule's condition that holds now.</summary>
/// <param name="Summary">One line: what is wrong with what.</param>
/// <param name="Evidence">How that is known, in numbers; says nothing that changes by the clock alone.</param>
/// <param name="Place">The path of the console's page where one acts.</param>
/// <param name="Since">Since when it holds, as recorded where it happened; null = since it was first seen.</param>
public sealed record Finding(AlertKey Key, string Summary, string Evidence, string Place, DateTimeOffset? Since = null)
{
    /// <summary>The key as text: <c>instanceUnhealthy:orders/orders-1</c>.</summary>
    public string Name { get; } = Key.ToString();

    public string? Service { get; init; }

    public string? Instance { get; init; }

    public string? Node { get; init; }
}
