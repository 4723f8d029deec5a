using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Web.Console.Acts;

/// <summary>What every act takes from its form.</summary>
/// <param name="Reason">What the operator typed; null = nothing.</param>
/// <param name="Override">Carry out although the guard refuses.</param>
/// <param name="ExpectedRevision">The revision that the operator looked at.</param>
public sealed record ActInput(string? Reason, bool Override, long ExpectedRevision)
{
    public T On<T>(T command)
        where T : OperatorCommand => command with { Reason = Reason, Override = Override, ExpectedRevision = ExpectedRevision };
}

/// <summary>How a form ended.</summary>
/// <param name="Operation">The operation that the act opened or found open; null = none.</param>
/// <param name="Changed">False when everything was so already.</param>
public sealed record ActOutcome(long? Operation, bool Changed, RegistryCommand Command)
{
    /// <summary>The plan that the act opened or moved; null = none.</summary>
    public long? Plan { get; init; }
}
