using System.Collections.Immutable;
using System.Data;
using System.Text;
using Dashboard.Core.History;
using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;
using Npgsql;
using NpgsqlTypes;

namespace Dashboard.Core.Postgres;

/// <summary>The rows of <c>traffic_minute</c>, and the change log read backwards.</summary>
public sealed class PostgresHistoryStore(PostgresRegistryOptions options) : IHistoryStore, IAsyncDisposable
{
    // A day that is far back is read from the disk.
    private const int Patience = 20;

    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
    {
        ApplicationName = "dashboard history",
        MaxPoolSize = 4,
        Timeout = (int)options.ConnectTimeout.TotalSeconds,
        CommandTimeout = Patience,
        CancellationTimeout = 500,
    });

    public async Task WriteAsync(DateTimeOffset minute, IReadOnlyList<ServiceMinute> services, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(services);
        var (names, unknown, requests, traffic) = (new string[services.Count], new short[services.Count], new long[services.Count], new byte[services.Count][]);
        for (var i = 0; i < services.Count; i++)
            (names[i], unknown[i], requests[i], traffic[i]) = (services[i].Service, (short)services[i].UnknownSeconds, services[i].Requests, MinuteCode.Encode(services[i]));

        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using (var ensure = new NpgsqlCommand("select ensure_traffic_partition($1)", connection) { Parameters = { new() { Value = minute.ToUniversalTime() } } })
            await ensure.ExecuteNonQueryAsync(cancellationToken);

        await using var command = new NpgsqlCommand(
            """
            insert into traffic_minute as known (service, minute, unknown, requests, traffic)
            select s, $1, u, r, t from unnest($2, $3, $4, $5) as row (s, u, r, t) order by s
            on conflict (service, minute) do update set unknown = excluded.unknown, requests = excluded.requests, traffic = excluded.traffic
            where excluded.unknown < known.unknown or (excluded.unknown = known.unknown and excluded.requests > known.requests)
            """, connection);
        command.Parameters.Add(new() { Value = minute.ToUniversalTime() });
        command.Parameters.Add(new() { Value = names, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = unknown, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
        command.Parameters.Add(new() { Value = requests, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = traffic, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ServiceMinute>> ReadMinuteAsync(DateTimeOffset minute, IReadOnlyCollection<string> services, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand("select service, minute, unknown, requests, traffic from traffic_minute where minute = $1 and service = any($2)");
        command.Parameters.Add(new() { Value = minute.ToUniversalTime() });
        command.Parameters.Add(new() { Value = services.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        return await ReadAsync(command, cancellationToken);
    }

    public async Task<IReadOnlyList<ServiceMinute>> ReadServiceAsync(string service, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand(
            "select service, minute, unknown, requests, traffic from traffic_minute where service = $1 and minute >= $2 and minute < $3 order by minute");
        command.Parameters.Add(new() { Value = service });
        command.Parameters.Add(new() { Value = from.ToUniversalTime() });
        command.Parameters.Add(new() { Value = to.ToUniversalTime() });
        return await ReadAsync(command, cancellationToken);
    }

    public async Task<HistorySpan> SpanAsync(CancellationToken cancellationToken)
    {
        // The first minute is looked for in the first partition that holds any: an index on the time alone would cost every row for this one question.
        await using var command = _source.CreateCommand(
            """
            select coalesce((select at from change_checkpoint), (select at from change order by revision limit 1)),
                   (select at from generation_start),
                   (select min(p.first) from traffic_partitions() p where p.first <= now())
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(Time(reader, 0), Time(reader, 1), Time(reader, 2));
    }

    public async Task<ChangesSince> ChangesSinceAsync(DateTimeOffset at, int most, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        Guid generation;
        long revision, count;
        DateTimeOffset? when;
        await using (var where = new NpgsqlCommand(
            """
            select h.generation, r.revision, (select c.at from change c where c.revision = r.revision), h.revision - r.revision
            from head h, lateral (select revision_at($1) as revision) r
            """, connection, transaction)
        { Parameters = { new() { Value = at.ToUniversalTime() } } })
        {
            await using var head = await where.ExecuteReaderAsync(cancellationToken);
            await head.ReadAsync(cancellationToken);
            (generation, revision, when, count) = (head.GetGuid(0), head.GetInt64(1), Time(head, 2), head.GetInt64(3));
        }

        if (count > most)
            return new(generation, revision, when, count, null);

        var earlier = new Dictionary<string, EntityChange>(StringComparer.Ordinal);
        await using var changes = new NpgsqlCommand("select before::text from change where revision > $1 order by revision", connection, transaction) { Parameters = { new() { Value = revision } } };
        await using var reader = await changes.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var before = Encoding.UTF8.GetBytes(reader.GetString(0));
            foreach (var entity in ChangeDocument.Read(before, before))
            {
                if (KeyOf(entity) is { } key)
                    earlier.TryAdd(key, entity);
            }
        }

        return new(generation, revision, when, count, [.. earlier.Values]);
    }

    public Task<ImmutableArray<RegistryChange>> ChangesAsync(string? service, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken) =>
        ReadChangesAsync(service is null ? "actor_kind = 'Operator'" : "touched @> array[$4]", service, from, to, limit, cancellationToken);

    public Task<ImmutableArray<RegistryChange>> UnaskedAsync(DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken) =>
        ReadChangesAsync("actor_kind <> 'Operator'", null, from, to, limit, cancellationToken);

    private async Task<ImmutableArray<RegistryChange>> ReadChangesAsync(string which, string? service, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken)
    {
        // The bounds are found first: the planner knows them then, and reads what lies between by its revision.
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        long after, upTo;
        await using (var bounds = new NpgsqlCommand("select revision_at($1), revision_at($2)", connection) { Parameters = { new() { Value = from.ToUniversalTime() }, new() { Value = to.ToUniversalTime() } } })
        {
            await using var found = await bounds.ExecuteReaderAsync(cancellationToken);
            await found.ReadAsync(cancellationToken);
            (after, upTo) = (found.GetInt64(0), found.GetInt64(1));
        }

        await using var command = new NpgsqlCommand(
            $"""
            select revision, at, actor, actor_kind, address, action, target, reason, operation, touched, before::text, after::text, previous_hash, hash
            from change where revision > $1 and revision <= $2 and {which} order by revision desc limit $3
            """, connection);
        command.Parameters.Add(new() { Value = after });
        command.Parameters.Add(new() { Value = upTo });
        command.Parameters.Add(new() { Value = limit });
        if (service is not null)
            command.Parameters.Add(new() { Value = service, NpgsqlDbType = NpgsqlDbType.Text });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<ChangeRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new()
            {
                Revision = reader.GetInt64(0),
                At = reader.GetFieldValue<DateTimeOffset>(1),
                Actor = reader.GetString(2),
                ActorKind = reader.GetString(3),
                Address = reader.IsDBNull(4) ? null : reader.GetString(4),
                Action = reader.GetString(5),
                Target = reader.GetString(6),
                Reason = reader.IsDBNull(7) ? null : reader.GetString(7),
                Operation = reader.IsDBNull(8) ? null : reader.GetInt64(8),
                Touched = reader.GetFieldValue<string[]>(9),
                Before = reader.GetString(10),
                After = reader.GetString(11),
                PreviousHash = reader.GetFieldValue<byte[]>(12),
                Hash = reader.GetFieldValue<byte[]>(13),
            });
        }

        rows.Reverse();
        return [.. rows.Select(row => row.ToChange())];
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task<IReadOnlyList<ServiceMinute>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var minutes = new List<ServiceMinute>();
        while (await reader.ReadAsync(cancellationToken))
        {
            minutes.Add(MinuteCode.Decode(
                reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt16(2), reader.GetInt64(3), reader.GetFieldValue<byte[]>(4)));
        }

        return minutes;
    }

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    // What the snapshot of a moment is made of; operations and plans are followed by their own pages.
    private static string? KeyOf(EntityChange entity) => entity switch
    {
        ServiceChange change => $"s {change.Name}",
        BrakeChange change => $"b {change.Service}",
        InstanceChange change => $"i {change.Key}",
        HealthChange change => $"h {change.Key}",
        OperatorChange change => $"o {change.Key}",
        NodeChange change => $"n {change.Name}",
        WithholdingChange => "w",
        _ => null,
    };
}
