using System.Collections.Immutable;
using Dashboard.Core.Balancing;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.Operations;

/// <summary>Whether the traffic after the last acknowledgement is what the registry intends.</summary>
internal sealed class EffectObserver(TrafficStore traffic)
{
    /// <summary>How long a window is that may count against an operation.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    /// <summary>Disagreeing windows in a row that raise the alarm.</summary>
    public const int WindowsToDisagree = 3;

    // While chance alone could move a share by more than this part of itself, agreement is no proof.
    private const double SureBand = 0.5;

    /// <summary>Compares every target's actual share with the intended one and keeps count of disagreeing windows.</summary>
    public Effect Observe(Operation operation, RegistrySnapshot snapshot, OperationMemory memory, DateTimeOffset now)
    {
        if (memory.AllAcknowledgedAt is not { } since)
            return new([], ShareVerdict.CannotTell, new("waits for the acknowledgements", StageReasons.NotAcknowledged));

        var targets = ImmutableArray.CreateBuilder<ObservedTarget>(operation.Instances.Length);
        var why = default(Obstacle);
        var panic = default(string);
        var ramping = default(Obstacle);
        foreach (var group in operation.Instances.GroupBy(key => key.Service, StringComparer.Ordinal))
        {
            if (snapshot.TryGetService(group.Key, out var service))
            {
                var obstacle = ObserveService(service, group, memory, since, now, targets);
                why = (operation.Action == OpenOperations.Weights ? OutOfRotation(service, group) : null) ?? obstacle ?? why;
                panic ??= PanicOf(service);
                ramping ??= RampOf(service);
            }
            else
            {
                why = new($"{group.Key} is gone", StageReasons.Gone);
            }
        }

        var verdict = targets.Any(target => target.Agrees == false) ? ShareVerdict.Disagrees
            : why is not null || targets.Count == 0 || targets.Any(target => target.Agrees is null) ? ShareVerdict.CannotTell
            : ShareVerdict.Agrees;
        // Another instance's slow start moves the intended shares with each step, and each step begins a sample of its own.
        var unclear = why is null or { Reason: StageReasons.NoTraffic } ? ramping ?? why : why;
        var effect = new Effect(targets.ToImmutable(), verdict, verdict == ShareVerdict.CannotTell ? unclear ?? TooFew(targets) : null)
        {
            IsEarly = memory.Samples.Values.Any(sample => now - sample.From < Window),
            IsSure = targets.All(target => target.Band <= target.Intended * SureBand || IsApproximate(target.Key, snapshot)),
            IsApproximate = targets.Any(target => IsApproximate(target.Key, snapshot)),
            Panic = panic,
        };
        Count(memory, effect, now);
        return effect;
    }

    private Obstacle? ObserveService(
        ServiceSnapshot service,
        IEnumerable<InstanceKey> keys,
        OperationMemory memory,
        DateTimeOffset since,
        DateTimeOffset now,
        ImmutableArray<ObservedTarget>.Builder targets)
    {
        var shares = SharePrediction.For(service.Serving);
        var from = SampleStart(service.Name, shares, memory, since, now);
        var window = traffic.QuerySince(service.Name, from);
        var total = window.Instances.Sum(instance => instance.Figures.Requests);
        Obstacle? why = null;
        foreach (var key in keys)
        {
            var evidence = new ShareEvidence(shares.Of(key.Id), window.Of(key.Id).Figures.Requests, total);
            var obstacle = ObstacleOf(service, key);
            why ??= obstacle;
            var verdict = obstacle is not null ? ShareVerdict.CannotTell : shares.Approximate ? evidence.ZeroVerdict : evidence.Verdict;
            bool? agrees = verdict switch { ShareVerdict.Agrees => true, ShareVerdict.Disagrees => false, _ => null };
            targets.Add(new(key, evidence.Requests, evidence.Intended, evidence.Actual, evidence.NoiseBand, agrees));
        }

        return why ?? (total == 0 ? new($"no request to {service.Name} was reported since the last acknowledgement", StageReasons.NoTraffic) : null);
    }

    // The sample holds for one set of intended shares: what another change moved since says nothing of this one.
    private static DateTimeOffset SampleStart(string service, SharePrediction shares, OperationMemory memory, DateTimeOffset since, DateTimeOffset now)
    {
        var signature = Signature(shares);
        if (!memory.Samples.TryGetValue(service, out var sample))
            memory.Samples[service] = sample = (signature, since);
        else if (sample.Signature != signature)
            memory.Samples[service] = sample = (signature, now);

        return sample.From;
    }

    private static long Signature(SharePrediction shares)
    {
        var hash = new HashCode();
        var second = 17L;
        foreach (var (id, share) in shares.Shares)
        {
            hash.Add(id, StringComparer.Ordinal);
            hash.Add(share);
            second = unchecked(second * 31 + BitConverter.DoubleToInt64Bits(share));
        }

        return unchecked(second ^ ((long)hash.ToHashCode() << 17));
    }

    /// <summary>Why an instance that should get traffic gets none for a reason of its own.</summary>
    private static Obstacle? ObstacleOf(ServiceSnapshot service, InstanceKey key)
    {
        if (!service.Instances.TryGetValue(key.Id, out var instance))
            return new($"{key.Id} is not registered any more", StageReasons.Gone);

        if (instance.Operator.Ramp is { } ramp)
            return new($"{key.Id} is still ramping, at {ramp.Percent} % of its weight", StageReasons.SlowStart);

        return instance.IsWanted && !service.Serving.Serves(key.Id)
            ? new($"{key.Id} is {instance.HealthStatus.ToString().ToLowerInvariant()} and gets no traffic for that reason", StageReasons.NotHealthy)
            : null;
    }

    /// <summary>That 0 % of 0 % agree is no proof of a weight: nothing of what was weighted is in rotation.</summary>
    private static Obstacle? OutOfRotation(ServiceSnapshot service, IEnumerable<InstanceKey> keys)
    {
        var instances = keys.Select(key => service.Instances.GetValueOrDefault(key.Id)).OfType<Instance>().ToArray();
        if (instances.Length == 0 || instances.Any(instance => instance.EffectiveIntent.IsActive))
            return null;

        return new(
            instances is [var one] ? $"{one.Id} is {Word(one.EffectiveIntent.Kind)}, and its weight moves no traffic until it is back"
                : $"{instances.Length} instances of {service.Name} were weighted and none of them is in rotation: their weights move no traffic until they are back",
            StageReasons.OutOfRotation);

        static string Word(IntentKind kind) => kind == IntentKind.Maintenance ? "in maintenance" : kind.ToString().ToLowerInvariant();
    }

    private static Obstacle? RampOf(ServiceSnapshot service) =>
        service.Instances.Values.FirstOrDefault(instance => instance.Operator.Ramp is not null && service.Serving.Serves(instance.Id)) is { Operator.Ramp: { } ramp } ramping
            ? new($"the shares move while {ramping.Id} is ramping, at {ramp.Percent} % of its weight", StageReasons.SlowStart)
            : null;

    /// <summary>Why the traffic of a service in panic may differ from what is intended; null while it is not in panic.</summary>
    private static string? PanicOf(ServiceSnapshot service)
    {
        if (!service.Serving.Panic)
            return null;

        var judged = service.Instances.Values.Where(instance => instance.IsWanted && instance.HealthStatus != HealthStatus.Unknown).ToArray();
        return $"{service.Name} is in panic ({judged.Count(instance => instance.IsEligible)} of {judged.Length} eligible, below {service.Settings.PanicThreshold} %): "
            + "health is ignored, so failing instances get their share and what fails there is tried at others";
    }

    private static void Count(OperationMemory memory, Effect effect, DateTimeOffset now)
    {
        memory.NextWindow ??= now + Window;
        if (effect.Verdict == ShareVerdict.Agrees)
        {
            memory.Disagreements = 0;
            memory.Disagreement = null;
            return;
        }

        if (now < memory.NextWindow)
            return;

        memory.NextWindow = now + Window;
        if (effect.Verdict != ShareVerdict.Disagrees)
            return;

        memory.Disagreements++;
        memory.Disagreement = StageLine.Shares(effect);
        // The next window looks at fresh requests alone, so that what was wrong once does not count for ever.
        foreach (var (service, sample) in memory.Samples.ToArray())
            memory.Samples[service] = (sample.Signature, now);
    }

    private static bool IsApproximate(InstanceKey key, RegistrySnapshot snapshot) => snapshot.TryGetService(key.Service, out var service) && SharePrediction.For(service.Serving).Approximate;

    private static Obstacle TooFew(IEnumerable<ObservedTarget> targets)
    {
        var missing = targets.Where(target => target.Agrees is null).Select(target => ShareEvidence.RequestsToTell(target.Intended)).DefaultIfEmpty(0).Max();
        return new($"too few requests since the last acknowledgement; {missing} are needed", StageReasons.TooFewRequests);
    }
}

/// <summary>What the traffic shows of an operation.</summary>
/// <param name="Why">Why it cannot be told; null when it can.</param>
internal sealed record Effect(ImmutableArray<ObservedTarget> Targets, ShareVerdict Verdict, Obstacle? Why)
{
    /// <summary>Why a service in panic may show other shares than intended; null while none is.</summary>
    public string? Panic { get; init; }

    /// <summary>There has been no full window yet.</summary>
    public bool IsEarly { get; init; }

    /// <summary>The policy does not follow weights exactly: only some traffic against none was judged.</summary>
    public bool IsApproximate { get; init; }

    /// <summary>The sample is large enough for its agreement to be a proof.</summary>
    public bool IsSure { get; init; }
}

/// <summary>What keeps an effect from being told.</summary>
internal sealed record Obstacle(string Text, StageReasons Reason);
