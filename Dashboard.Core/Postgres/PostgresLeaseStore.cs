using System.Collections.Immutable;
using Dashboard.Core.Health.Leases;
using Npgsql;
using NpgsqlTypes;

namespace Dashboard.Core.Postgres;

/// <summary>The rows of <c>replica</c> and <c>health_lease</c>. Times are Postgres' own, so that no two consoles' clocks are compared.</summary>
public sealed class PostgresLeaseStore(PostgresRegistryOptions options) : ILeaseStore, IAsyncDisposable
{
    // A run that was killed leaves its row behind.
    private const string ForgetAfter = "1 day";

    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
    {
        ApplicationName = "dashboard leases",
        MaxPoolSize = 2,
        Timeout = (int)options.ConnectTimeout.TotalSeconds,
        CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
        CancellationTimeout = 500,
    });

    public async Task<LeaseRoll> RenewAsync(Replica replica, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(replica);
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command(
                    """
                    insert into replica (id, url, started, last_seen) values ($1, $2, $3, clock_timestamp())
                    on conflict (id) do update set url = excluded.url, last_seen = excluded.last_seen
                    """, replica.Id, replica.Url, replica.Started.ToUniversalTime()),
                Command("update health_lease set until = clock_timestamp() + $2 where owner = $1", replica.Id, lease),
                Command($"delete from replica where last_seen < clock_timestamp() - interval '{ForgetAfter}'"),
                Command("select id, url, started from replica where last_seen > clock_timestamp() - $1 order by id", lease),
                Command("select shard, owner, epoch, until < clock_timestamp() from health_lease order by shard"),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var replicas = ImmutableArray.CreateBuilder<Replica>();
        while (await reader.ReadAsync(cancellationToken))
            replicas.Add(new(reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2)));
        await reader.NextResultAsync(cancellationToken);
        var leases = ImmutableArray.CreateBuilder<Lease>(HealthShard.Count);
        while (await reader.ReadAsync(cancellationToken))
            leases.Add(new(reader.GetInt32(0), reader.IsDBNull(1) ? null : reader.GetGuid(1), reader.GetInt64(2), reader.GetBoolean(3)));
        return new(replicas.ToImmutable(), leases.ToImmutable());
    }

    public async Task TakeAsync(Replica replica, IReadOnlyCollection<int> shards, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(replica);
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        // Under the head's lock: whoever writes health holds it, so no write of the old owner is decided before and committed after.
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command("begin"),
                Command("set local lock_timeout = 2500"),
                Command("select from head for update"),
                Command(
                    """
                    update health_lease set owner = $1, epoch = epoch + 1, until = clock_timestamp() + $2
                    where shard = any($3) and (owner is null or until < clock_timestamp())
                    """, replica.Id, lease, shards.ToArray()),
                Command("commit"),
            },
        };
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch
        {
            // The transaction must not stay open in the pool.
            NpgsqlConnection.ClearPool(connection);
            throw;
        }
    }

    public async Task GiveUpAsync(Replica replica, IReadOnlyCollection<int> shards, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(replica);
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { Command("update health_lease set owner = null, until = '-infinity' where owner = $1 and shard = any($2)", replica.Id, shards.ToArray()) },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task LeaveAsync(Replica replica, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(replica);
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Command("update health_lease set owner = null, until = '-infinity' where owner = $1", replica.Id),
                Command("delete from replica where id = $1", replica.Id),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<byte[]> ReadSecretAsync(CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand("select secret from replica_secret");
        return await command.ExecuteScalarAsync(cancellationToken) as byte[] ?? throw new NpgsqlException("The row of replica_secret is missing: the database is not whole.");
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(value is TimeSpan span ? new NpgsqlParameter { Value = span, NpgsqlDbType = NpgsqlDbType.Interval } : new NpgsqlParameter { Value = value });
        return command;
    }
}
