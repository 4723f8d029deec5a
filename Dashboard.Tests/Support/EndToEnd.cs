namespace Dashboard.Tests.Support;

/// <summary>
/// Tests that start the whole program share two cores badly: they run one after the other, after all others. Beside the others the suite took 9 instead of 12 minutes, and a browser that gets no processor for
/// seconds loses what is pressed too early.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEnd
{
    public const string Name = "End to end";
}
