using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres;

/// <summary>What a batch of commands comes to, each decided over what the one before it left.</summary>
/// <param name="Before">The snapshot that the first was shown.</param>
/// <param name="After">The snapshot that the last leaves.</param>
/// <param name="Changes">What is to be written; empty = nothing.</param>
/// <param name="Verdicts">What each command is answered once the changes are durable.</param>
internal sealed record BatchDecision(RegistrySnapshot Before, RegistrySnapshot After, ImmutableArray<RegistryChange> Changes, IReadOnlyList<Verdict> Verdicts)
{
    /// <summary>Decides over <paramref name="before"/>. A command that throws is answered with that and changes nothing.</summary>
    /// <param name="epochs">The leases' epochs as they are under the head's lock, for commands with fences; null = not asked.</param>
    public static BatchDecision Decide(RegistrySnapshot before, IReadOnlyList<PendingCommand> batch, DateTimeOffset now, long[]? epochs = null)
    {
        var working = before;
        var changes = ImmutableArray.CreateBuilder<RegistryChange>();
        var verdicts = new List<Verdict>(batch.Count);
        foreach (var pending in batch)
        {
            try
            {
                switch (LeaseGuard.Check(pending.Command, epochs) ?? pending.Command.Decide(working, new(pending.Actor, now, working.Revision + 1)))
                {
                    case Decision.Accepted { Changes.IsEmpty: true } nothing:
                        verdicts.Add(new(pending, new CommandResult.Committed(working.Revision, null, working, nothing.Operation)));
                        break;
                    case Decision.Accepted accepted:
                        var change = ToChange(pending, accepted, working.Revision + 1, now);
                        working = working.Apply(change);
                        changes.Add(change);
                        verdicts.Add(new(pending, new CommandResult.Committed(change.Revision, change, working, accepted.Operation)));
                        break;
                    case Decision.Refused refused:
                        verdicts.Add(new(pending, new CommandResult.Refused(refused.Refusal, working)));
                        break;
                    default:
                        throw new InvalidOperationException("A decision is either accepted or refused.");
                }
            }
            catch (Exception e)
            {
                verdicts.Add(new(pending, null, e));
            }
        }

        return new(before, working, changes.ToImmutable(), verdicts);
    }

    /// <summary>This and what was decided over what it leaves.</summary>
    public BatchDecision Then(BatchDecision next) =>
        Verdicts.Count == 0 ? next : new(Before, next.After, Changes.AddRange(next.Changes), [.. Verdicts, .. next.Verdicts]);

    private static RegistryChange ToChange(PendingCommand pending, Decision.Accepted accepted, long revision, DateTimeOffset now) => new()
    {
        Revision = revision,
        At = now,
        Actor = pending.Actor,
        Action = pending.Command.Action,
        Target = pending.Command.Target,
        Reason = pending.Command.Reason,
        Operation = accepted.Operation,
        Changes = accepted.Changes,
    };
}

/// <summary>What a command is answered once its batch is durable.</summary>
internal sealed record Verdict(PendingCommand Pending, CommandResult? Result, Exception? Error = null);
