namespace Dashboard.Tests.Support;

/// <summary>
/// Tests that start whole programs and press the machine, as journeys over every page or a thousand followers do: one after the other, after all tests that take the processor, beside one of
/// <see cref="WaitingPrograms"/>.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class PressingPrograms
{
    public const string Name = "Pressing programs";
}
