using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using static System.Text.Json.JsonSerializer;

namespace Dashboard.Core.Postgres;

/// <summary>The change log and the operations, read from Postgres.</summary>
internal sealed class PostgresChangeHistory(IDbContextFactory<RegistryDbContext> contexts) : IChangeHistory
{
    private const int MostRows = 1000;

    public Task<ImmutableArray<RegistryChange>> QueryAsync(ChangeQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return AskAsync<ImmutableArray<RegistryChange>>(async context =>
        {
            var rows = await Filter(context.Changes, query)
                .OrderByDescending(row => row.Revision)
                .Take(Math.Clamp(query.Limit, 1, MostRows))
                .ToListAsync(cancellationToken);
            return [.. rows.Select(row => row.ToChange())];
        });
    }

    public Task<RegistryChange?> FindAsync(long revision, CancellationToken cancellationToken) => AskAsync(async context =>
        (await context.Changes.SingleOrDefaultAsync(row => row.Revision == revision, cancellationToken))?.ToChange());

    public Task<Operation?> FindOperationAsync(long id, CancellationToken cancellationToken) => AskAsync(async context =>
        await context.Operations.SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row ? ToOperation(row) : null);

    public Task<ImmutableArray<Operation>> FindOperationsAsync(ImmutableArray<long> ids, CancellationToken cancellationToken) =>
        ids.IsEmpty ? Task.FromResult(ImmutableArray<Operation>.Empty) : AskAsync<ImmutableArray<Operation>>(async context =>
        {
            var wanted = ids.ToArray();
            var rows = await context.Operations.Where(row => wanted.Contains(row.Id)).ToListAsync(cancellationToken);
            return [.. rows.Select(ToOperation)];
        });

    public Task<ImmutableArray<Operation>> RecentOperationsAsync(int limit, CancellationToken cancellationToken) =>
        AskAsync<ImmutableArray<Operation>>(async context =>
        {
            var rows = await context.Operations
                .OrderByDescending(row => row.Id)
                .Take(Math.Clamp(limit, 1, MostRows))
                .ToListAsync(cancellationToken);
            return [.. rows.Select(ToOperation)];
        });

    public Task<Plan?> FindPlanAsync(long id, CancellationToken cancellationToken) => AskAsync(async context =>
        await context.Plans.SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row ? ToPlan(row) : null);

    public Task<ImmutableArray<Plan>> FindPlansAsync(ImmutableArray<long> ids, CancellationToken cancellationToken) =>
        ids.IsEmpty ? Task.FromResult(ImmutableArray<Plan>.Empty) : AskAsync<ImmutableArray<Plan>>(async context =>
        {
            var wanted = ids.ToArray();
            var rows = await context.Plans.Where(row => wanted.Contains(row.Id)).ToListAsync(cancellationToken);
            return [.. rows.Select(ToPlan)];
        });

    public Task<ImmutableArray<Plan>> RecentPlansAsync(int limit, CancellationToken cancellationToken) => AskAsync<ImmutableArray<Plan>>(async context =>
    {
        var rows = await context.Plans
            .OrderByDescending(row => row.Id)
            .Take(Math.Clamp(limit, 1, MostRows))
            .ToListAsync(cancellationToken);
        return [.. rows.Select(ToPlan)];
    });

    public Task<ChainVerification> VerifyAsync(IProgress<long>? progress, CancellationToken cancellationToken) =>
        AskAsync(context => ChainWalk.RunAsync(context, progress, cancellationToken));

    /// <summary>Runs a query; once more when its pooled connection turns out to be from before Postgres went away.</summary>
    /// <exception cref="NpgsqlException">Postgres is away.</exception>
    private async Task<T> AskAsync<T>(Func<RegistryDbContext, Task<T>> query)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var context = contexts.CreateDbContext();
                return await query(context);
            }
            catch (InvalidOperationException e) when (e.InnerException is NpgsqlException { IsTransient: true } away)
            {
                // EF Core wraps what may pass by itself; callers know the database's own exception.
                if (attempt == 2)
                    ExceptionDispatchInfo.Throw(away);
            }
        }
    }

    private static Operation ToOperation(OperationRow row) => Deserialize(row.State, ChangeJsonContext.Default.Operation)!;

    private static Plan ToPlan(PlanRow row) =>
        Deserialize(row.Progress, ChangeJsonContext.Default.Plan)! with { Definition = Deserialize(row.Definition, ChangeJsonContext.Default.PlanDefinition) };

    private static IQueryable<ChangeRow> Filter(IQueryable<ChangeRow> rows, ChangeQuery query)
    {
        if (query.Before is { } before)
            rows = rows.Where(row => row.Revision < before);
        if (query.OperatorsOnly)
            rows = rows.Where(row => row.ActorKind == nameof(ActorKind.Operator));
        if (query.Actor is { } actor)
            rows = rows.Where(row => row.Actor == actor);
        if (query.Node is { } node)
            rows = rows.Where(row => row.Touched.Contains("node:" + node));
        if (query is { Service: { } of, Instance: { } id })
        {
            var key = new InstanceKey(of, id).ToString();
            rows = rows.Where(row => row.Touched.Contains(key));
        }
        else if (query.Service is { } service)
        {
            rows = rows.Where(row => row.Touched.Contains(service));
        }
        else if (query.Instance is { } instance)
        {
            rows = rows.Where(row => row.Touched.Any(name => name.EndsWith("/" + instance)));
        }

        if (query.Action is { } action)
        {
            rows = action.EndsWith('*')
                ? rows.Where(row => row.Action.StartsWith(action.Substring(0, action.Length - 1)))
                : rows.Where(row => row.Action == action);
        }

        return rows;
    }
}
