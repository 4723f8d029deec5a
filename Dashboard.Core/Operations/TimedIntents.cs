using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Core.Operations;

/// <summary>What operators decided for a time: maintenance that expires, weights that grow back after an undrain, and decisions about instances that never came back.</summary>
internal sealed class TimedIntents(TimeProvider time)
{
    // A ramp moves in steps of so many percent: every step is a revision that all followers take.
    private const int StepPercent = 5;

    private ImmutableDictionary<InstanceKey, OperatorState>? _seen;
    private ImmutableArray<(InstanceKey Key, OperatorState State)> _timed = [];
    private ImmutableArray<(InstanceKey Key, DateTimeOffset Since)> _absent = [];

    // A change of the log each; more are forgotten the next time.
    private const int ForgottenAtOnce = 500;

    /// <summary>What is to be done now.</summary>
    public ImmutableArray<RegistryCommand> Due(RegistrySnapshot snapshot)
    {
        if (!ReferenceEquals(_seen, snapshot.OperatorStates))
        {
            _seen = snapshot.OperatorStates;
            _timed = [.. _seen.Where(pair => pair.Value is { Ramp: not null } or { Intent: { Kind: IntentKind.Maintenance, Until: not null } }).Select(pair => (pair.Key, pair.Value))];
            _absent = [.. _seen.Where(pair => pair.Value.AbsentSince is not null).Select(pair => (pair.Key, pair.Value.AbsentSince!.Value)).OrderBy(absent => absent.Value)];
        }

        var now = time.GetUtcNow();
        return _timed.IsEmpty && (_absent.IsEmpty || _absent[0].Since > now - ForgetDecisions.Kept)
            ? []
            : [.. _timed.Select(timed => Due(timed.Key, timed.State, now)).OfType<RegistryCommand>(), .. Forgotten(now)];
    }

    private IEnumerable<RegistryCommand> Forgotten(DateTimeOffset now) => _absent
        .TakeWhile(absent => absent.Since <= now - ForgetDecisions.Kept)
        .Take(ForgottenAtOnce)
        .GroupBy(absent => absent.Key.Service, absent => absent.Key.Id)
        .Select(service => new ForgetDecisions(service.Key, [.. service]) { Reason = $"not seen for {ForgetDecisions.Kept.TotalDays:0} days" });

    private static RegistryCommand? Due(InstanceKey key, OperatorState state, DateTimeOffset now)
    {
        if (state.Intent is { Kind: IntentKind.Maintenance, Until: { } until } && until <= now)
            return new UndrainInstance(key) { Reason = "maintenance has expired" };

        if (state.Ramp is not { } ramp)
            return null;

        var percent = PercentAt(ramp, now);
        return percent > ramp.Percent ? new StepRamp(key, percent) : null;
    }

    /// <summary>10 % at the start, 100 % after the ramp's time, linear between, in steps.</summary>
    internal static int PercentAt(Ramp ramp, DateTimeOffset now)
    {
        var part = (now - ramp.StartedAt).TotalSeconds / ramp.Seconds;
        return part >= 1 ? 100 : part <= 0 ? 10 : (int)(10 + 90 * part) / StepPercent * StepPercent;
    }
}
