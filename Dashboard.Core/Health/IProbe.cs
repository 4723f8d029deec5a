using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>Looks at an instance once. Whatever it finds is a result; it throws only when <c>cancellationToken</c> ends, which means that the console stops.</summary>
public interface IProbe
{
    CheckKind Kind { get; }

    /// <summary>Answers within <see cref="CheckSettings.Timeout"/>; no answer by then is <see cref="CheckOutcome.Critical"/>.</summary>
    Task<ProbeResult> ProbeAsync(ProbeTarget target, CancellationToken cancellationToken);
}
