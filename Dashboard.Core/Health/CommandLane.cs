using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>Sends one kind of command at a time and waits before it tries again what was not carried out. Used from one loop; only the sending itself runs beside it.</summary>
internal sealed class CommandLane(IRegistry registry, Actor actor, TimeProvider time)
{
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    private Task<ImmutableArray<(RegistryCommand Command, CommandResult Result)>>? _sending;
    private long? _notBefore;

    /// <summary>When commands may be sent again, a timestamp; null = at once.</summary>
    public long? NotBefore => _notBefore;

    public bool IsIdle => _sending is null;

    public bool IsReady(long now) => _sending is null && (_notBefore is null || _notBefore <= now);

    /// <summary>Sends commands together. <paramref name="answered"/> is called when all answers are there.</summary>
    public void Send(IReadOnlyCollection<RegistryCommand> commands, Action answered, CancellationToken cancellationToken)
    {
        _notBefore = null;
        _sending = SendAsync(commands, cancellationToken);
        _ = TellAsync(_sending, answered);
    }

    /// <summary>Takes the answers when all have come; empty before.</summary>
    public ImmutableArray<(RegistryCommand Command, CommandResult Result)> TakeAnswers()
    {
        if (_sending is not { IsCompleted: true })
        {
            return [];
        }

        var answers = _sending.IsCompletedSuccessfully ? _sending.Result : [];
        _sending = null;
        var retry = answers.Select(answer => answer.Result).Aggregate(TimeSpan.Zero, (longest, result) => result switch
        {
            CommandResult.Unavailable unavailable when unavailable.RetryAfter > longest => unavailable.RetryAfter,
            // Nothing changed although something was to: the registry has moved on and its feed will tell; or it refused.
            CommandResult.Refused or CommandResult.Committed { Change: null } when longest < ShortestRetry => ShortestRetry,
            _ => longest,
        });
        if (retry > TimeSpan.Zero)
        {
            var wait = retry < ShortestRetry ? ShortestRetry : retry > LongestRetry ? LongestRetry : retry;
            _notBefore = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
        }

        return answers;
    }

    private async Task<ImmutableArray<(RegistryCommand Command, CommandResult Result)>> SendAsync(IReadOnlyCollection<RegistryCommand> commands, CancellationToken cancellationToken)
    {
        // Away from the loop: a store that hangs must not keep probes from being started.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var results = await Task.WhenAll(commands.Select(command => SendAsync(command, cancellationToken))).ConfigureAwait(false);
        return [.. commands.Zip(results)];
    }

    private static async Task TellAsync(Task sending, Action answered)
    {
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        answered();
    }

    private async Task<CommandResult> SendAsync(RegistryCommand command, CancellationToken cancellationToken)
    {
        try
        {
            return await registry.ExecuteAsync(command, actor, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return new CommandResult.Unavailable(failure.Message, LongestRetry);
        }
    }
}
