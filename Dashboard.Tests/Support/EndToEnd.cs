namespace Dashboard.Tests.Support;

/// <summary>
/// Tests that start the whole program and mostly wait for it: one after the other, since several whole programs share two cores badly, but beside the tests of other collections, which compute
/// meanwhile. <see cref="LongestFirst"/> starts them at once.
/// </summary>
[CollectionDefinition(Name)]
public sealed class EndToEnd
{
    public const string Name = "End to end";
}
