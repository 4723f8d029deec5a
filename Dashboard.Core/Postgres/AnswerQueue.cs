using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>
/// Answers that the writer has made and callers have not got yet. They go out several to a work item of the thread pool: waking it for each of hundreds of callers costs more than what
/// they then do. For the writer's loop alone.
/// </summary>
internal sealed class AnswerQueue
{
    // So few that a caller which goes on for long holds up only a handful.
    private const int Together = 8;

    private List<Answer> _answers = [];

    public void Add(PendingCommand pending, CommandResult result) => _answers.Add(new(pending, result, null));

    public void Add(PendingCommand pending, Exception error) => _answers.Add(new(pending, null, error));

    /// <summary>Sends what was added: callers go on elsewhere, the writer's loop is not theirs to run in.</summary>
    public void Send()
    {
        if (_answers.Count == 0)
            return;

        var answers = _answers;
        _answers = new(answers.Count);
        for (var start = 0; start < answers.Count; start += Together)
            ThreadPool.UnsafeQueueUserWorkItem(new Part(answers, start, Math.Min(start + Together, answers.Count)), preferLocal: false);
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
}
