namespace Dashboard.Tests.Support;

/// <summary>Tests that start whole programs, stop or kill them, and wait most of their time for what the others make of it: one after the other, after all tests that take the processor.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WaitingPrograms
{
    public const string Name = "Waiting programs";
}
