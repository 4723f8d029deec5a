using Dashboard.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Dashboard.Core.Postgres;

/// <summary>
/// Answers that the writer has made and callers have not got yet. They go out several to a work item of the thread pool: waking it for each of hundreds of callers costs more than what
/// they then do. For the writer's loop alone.
/// </summary>
internal sealed partial class AnswerQueue(RegistryMeters meters, ILogger logger)
{
    // So few that a caller which goes on for long holds up only a handful.
    private const int Together = 8;

    private static readonly string[] Outcomes = ["unchanged", "committed", "refused", "overlaid", "unavailable"];

    private readonly int[] _counts = new int[Outcomes.Length];
    private List<Answer> _answers = [];

    public void Add(IReadOnlyList<Verdict> verdicts)
    {
        foreach (var verdict in verdicts)
        {
            if (verdict.Error is { } error)
                AddThrown(verdict.Pending, error);
            else
                Add(verdict.Pending, verdict.Result!);
        }
    }

    public void Add(PendingCommand pending, CommandResult result)
    {
        _counts[result switch
        {
            CommandResult.Committed { Change: null } => 0,
            CommandResult.Committed => 1,
            CommandResult.Refused => 2,
            CommandResult.Overlaid => 3,
            _ => 4,
        }]++;
        _answers.Add(new(pending, result, null));
    }

    /// <summary>The command could not be decided.</summary>
    public void AddThrown(PendingCommand pending, Exception error)
    {
        LogThrew(logger, pending.Command.Action, pending.Command.Target, error);
        _answers.Add(new(pending, null, error));
    }

    /// <summary>Postgres does not take what the command comes to.</summary>
    public void AddRefused(PendingCommand pending, Exception error)
    {
        LogRefused(logger, pending.Command.Action, pending.Command.Target, error);
        _answers.Add(new(pending, null, error));
    }

    /// <summary>Sends what was added: callers go on elsewhere, the writer's loop is not theirs to run in.</summary>
    public void Send()
    {
        if (_answers.Count == 0)
            return;

        Count();
        var answers = _answers;
        _answers = new(answers.Count);
        for (var start = 0; start < answers.Count; start += Together)
            ThreadPool.UnsafeQueueUserWorkItem(new Part(answers, start, Math.Min(start + Together, answers.Count)), preferLocal: false);
    }

    // Once for all alike: whoever has an answer finds it counted.
    private void Count()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
                meters.Answered(Outcomes[i], _counts[i]);
            _counts[i] = 0;
        }
    }

    private readonly record struct Answer(PendingCommand Pending, CommandResult? Result, Exception? Error);

    private sealed class Part(List<Answer> answers, int start, int end) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            for (var i = start; i < end; i++)
            {
                var (pending, result, error) = answers[i];
                if (error is not null)
                    pending.Fail(error);
                else
                    pending.Answer(result!);
            }
        }
    }

    [LoggerMessage(14, LogLevel.Error, "Postgres does not take {Action} of {Target}")]
    private static partial void LogRefused(ILogger logger, string action, string target, Exception exception);

    [LoggerMessage(15, LogLevel.Error, "{Action} of {Target} could not be decided")]
    private static partial void LogThrew(ILogger logger, string action, string target, Exception exception);
}
