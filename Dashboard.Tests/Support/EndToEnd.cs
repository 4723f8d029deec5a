namespace Dashboard.Tests.Support;

/// <summary>Tests that start the whole program share two cores badly: they run one after the other, after all others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEnd
{
    public const string Name = "End to end";
}
