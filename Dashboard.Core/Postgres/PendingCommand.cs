using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>A command that waits for the writer, with whoever waits for its result.</summary>
internal sealed class PendingCommand(RegistryCommand command, Actor actor)
{
    // Whoever answers does so where callers may go on, see AnswerQueue.
    private readonly TaskCompletionSource<CommandResult> _result = new();

    public RegistryCommand Command { get; } = command;

    public Actor Actor { get; } = actor;

    public Task<CommandResult> Result => _result.Task;

    public void Answer(CommandResult result) => _result.TrySetResult(result);

    public void Fail(Exception exception) => _result.TrySetException(exception);
}
