using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>Commands in, answers out: what every endpoint that changes something shares.</summary>
internal sealed class Answers(OperatorDesk desk, OperationTracker operations, PlanTracker plans, TimeProvider time)
{
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    /// <summary>An act that opens an operation: 202 with it and its address; 200 when there was nothing to do; a preview when asked for.</summary>
    public async Task<IResult> ActAsync(HttpContext http, RegistryCommand command, Actor actor, bool dryRun)
    {
        if (dryRun)
            return Preview(command, actor);

        var result = await ExecuteAsync(command, actor);
        return result is CommandResult.Committed committed ? Accepted(committed) : Failed(result);
    }

    /// <summary>A change that opens no operation: 200 with the revision.</summary>
    public async Task<IResult> ChangeAsync(HttpContext http, RegistryCommand command, Actor actor, Func<CommandResult.Committed, IResult>? answer = null)
    {
        var result = await ExecuteAsync(command, actor);
        return result is not CommandResult.Committed committed ? Failed(result)
            : answer is not null ? answer(committed)
            : Results.Ok(new ChangedDocument(committed.Revision, committed.Change is not null));
    }

    public IResult Preview(RegistryCommand command, Actor actor)
    {
        var preview = desk.Preview(command, actor);
        return preview.Refusal is { Kind: RefusalKind.NotFound } unknown ? Problems.Refused(unknown, preview.Revision) : Results.Ok(PreviewDocument.From(preview));
    }

    public static IResult Failed(CommandResult result) => result switch
    {
        CommandResult.Refused refused => Problems.Refused(refused.Refusal, refused.Snapshot.Revision),
        CommandResult.Unavailable unavailable => Problems.Unavailable(unavailable.Because, unavailable.RetryAfter),
        CommandResult.Overlaid => Results.NoContent(),
        _ => throw new InvalidOperationException($"Unexpected result {result.GetType().Name}."),
    };

    /// <summary>Hands a command to the registry; no answer in time counts as unavailable. Also for a client that has gone: what it asked for is carried out all the same, and within this time.</summary>
    public async Task<CommandResult> ExecuteAsync(RegistryCommand command, Actor actor)
    {
        try
        {
            return await desk.ExecuteAsync(command, actor, CancellationToken.None).AsTask().WaitAsync(CommandTimeout, time);
        }
        catch (TimeoutException)
        {
            return new CommandResult.Unavailable($"No answer within {CommandTimeout.TotalSeconds} s. The change may still be carried out: look before you repeat it.", TimeSpan.FromSeconds(1));
        }
    }

    private IResult Accepted(CommandResult.Committed committed)
    {
        if (committed.Change?.Changes.OfType<PlanChange>().LastOrDefault()?.After is { } plan)
            return Results.Accepted($"/api/v1/plans/{plan.Id}", PlanDocument.From(plans.ViewOf(plan)));

        // An operation that this very command opened and one that was open already are both in the snapshot after it.
        if (committed.Operation is not { } id || !committed.Snapshot.Operations.TryGetValue(id, out var operation))
            return Results.Ok(new ChangedDocument(committed.Revision, committed.Change is not null));

        return Results.Accepted($"/api/v1/operations/{id}", OperationDocument.From(operations.ViewOf(operation)));
    }
}
