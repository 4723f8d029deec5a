using System.Collections.Immutable;
using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Microsoft.EntityFrameworkCore;
using static System.Text.Json.JsonSerializer;

namespace Dashboard.Core.Postgres;

/// <summary>The change log and the operations, read from Postgres.</summary>
internal sealed class PostgresChangeHistory(IDbContextFactory<RegistryDbContext> contexts) : IChangeHistory
{
    private const int MostRows = 1000;

    public async Task<ImmutableArray<RegistryChange>> QueryAsync(ChangeQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        await using var context = contexts.CreateDbContext();
        var rows = await Filter(context.Changes, query)
            .OrderByDescending(row => row.Revision)
            .Take(Math.Clamp(query.Limit, 1, MostRows))
            .ToListAsync(cancellationToken);
        return [.. rows.Select(row => row.ToChange())];
    }

    public async Task<RegistryChange?> FindAsync(long revision, CancellationToken cancellationToken)
    {
        await using var context = contexts.CreateDbContext();
        var row = await context.Changes.SingleOrDefaultAsync(row => row.Revision == revision, cancellationToken);
        return row?.ToChange();
    }

    public async Task<Operation?> FindOperationAsync(long id, CancellationToken cancellationToken)
    {
        await using var context = contexts.CreateDbContext();
        var row = await context.Operations.SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        return row is null ? null : ToOperation(row);
    }

    public async Task<ImmutableArray<Operation>> RecentOperationsAsync(int limit, CancellationToken cancellationToken)
    {
        await using var context = contexts.CreateDbContext();
        var rows = await context.Operations
            .OrderByDescending(row => row.Id)
            .Take(Math.Clamp(limit, 1, MostRows))
            .ToListAsync(cancellationToken);
        return [.. rows.Select(ToOperation)];
    }

    public async Task<ChainVerification> VerifyAsync(CancellationToken cancellationToken)
    {
        await using var context = contexts.CreateDbContext();
        // Read first: rows that come later are not part of the walk, and a row that the head knows must be there.
        var head = await context.Heads.SingleAsync(cancellationToken);
        var count = 0L;
        ChangeRow? last = null;
        await foreach (var row in context.Changes.Where(row => row.Revision <= head.Revision).OrderBy(row => row.Revision).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            count++;
            if (!Follows(row, last) || !row.ComputeHash().AsSpan().SequenceEqual(row.Hash))
                return new(count, row.Revision);
            last = row;
        }

        var ends = last is null ? head.Revision == 0 : last.Revision == head.Revision && last.Hash.AsSpan().SequenceEqual(head.Hash);
        return new(count, ends ? null : (last?.Revision ?? 0) + 1);
    }

    // The retained log may begin later than the first change; what came before it is then taken on trust.
    private static bool Follows(ChangeRow row, ChangeRow? last) => last is null
        ? row.Revision > 1 || row.PreviousHash.AsSpan().SequenceEqual(ChangeRow.NoHash.AsSpan())
        : row.Revision == last.Revision + 1 && row.PreviousHash.AsSpan().SequenceEqual(last.Hash);

    private static Operation ToOperation(OperationRow row) => Deserialize(row.State, ChangeJsonContext.Default.Operation)!;

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
