using System.Collections.Immutable;
using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Npgsql;
using static System.Text.Json.JsonSerializer;
using Json = Dashboard.Core.Registry.ChangeJsonContext;

namespace Dashboard.Core.Postgres;

/// <summary>
/// The writer's own connection and what it says over it. For one caller at a time. After any exception call <see cref="DropAsync"/>: the next call
/// connects anew, and an open transaction is gone with the connection.
/// </summary>
internal sealed class RegistryDatabase(PostgresRegistryOptions options) : IAsyncDisposable
{
    private const string SelectHead = "select generation, revision, at, batch, hash, schema from head";

    private readonly string _connectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString)
    {
        Pooling = false,
        ApplicationName = "dashboard writer",
        Timeout = (int)options.ConnectTimeout.TotalSeconds,
        CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
        CancellationTimeout = 500,
        MaxAutoPrepare = 40,
        AutoPrepareMinUsages = 2,
        // Tells a head that has moved from rows that cannot be stored.
        IncludeFailedBatchedCommand = true,
    }.ConnectionString;

    private NpgsqlConnection? _connection;
    private long _partitionEnd;

    /// <summary>The head as it is now, without holding it.</summary>
    public async Task<HeadRow> ReadHeadAsync()
    {
        await using var command = new NpgsqlCommand(SelectHead, await ConnectAsync());
        return await ReadHeadAsync(command);
    }

    /// <summary>Begins a transaction and waits for its turn to write: nobody else moves the head until commit or roll-back.</summary>
    public async Task<HeadRow> LockHeadAsync()
    {
        await using var batch = new NpgsqlBatch(await ConnectAsync())
        {
            BatchCommands = { new NpgsqlBatchCommand("begin"), new NpgsqlBatchCommand(SelectHead + " for update") },
        };
        await using var reader = await batch.ExecuteReaderAsync();
        return await ReadHeadAsync(reader);
    }

    /// <summary>The epochs of the health checks' leases, by share. Inside the head's lock none of them rises.</summary>
    public async Task<long[]> ReadLeaseEpochsAsync()
    {
        await using var command = new NpgsqlCommand("select array_agg(epoch order by shard) from health_lease", await ConnectAsync());
        return await command.ExecuteScalarAsync() as long[] ?? [];
    }

    /// <summary>Ends the transaction of <see cref="LockHeadAsync"/> without a trace.</summary>
    public async Task RollBackAsync()
    {
        await using var command = new NpgsqlCommand("rollback", await ConnectAsync());
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Writes and ends the transaction of <see cref="LockHeadAsync"/>. When this throws, it may have been committed all the same.</summary>
    public async Task CommitAsync(RegistryWrite write)
    {
        var connection = await ConnectAsync();
        if (write.After.Revision >= _partitionEnd)
        {
            await using var ensure = new NpgsqlCommand("select ensure_change_partition($1), ensure_change_partition($2)", connection)
            {
                Parameters = { new() { Value = write.Before.Revision + 1 }, new() { Value = write.After.Revision } },
            };
            await using var reader = await ensure.ExecuteReaderAsync();
            await reader.ReadAsync();
            _partitionEnd = reader.GetInt64(1);
        }

        await using var batch = RegistryWriteBatch.Create(connection, write, locked: true);
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>Whether <see cref="TryCommitAsync"/> may be called: there is a connection, and a partition for the rows.</summary>
    public bool CanTry(RegistryWrite write) => _connection is not null && write.After.Revision < _partitionEnd;

    /// <summary>
    /// Takes the head, writes and commits in one round trip, if the head still is what was decided on. When this throws, it may have been committed all the same,
    /// unless <see cref="RegistryWriteBatch.IsOfHead"/>.
    /// </summary>
    /// <returns>False: the head has moved, and nothing was written.</returns>
    public async Task<bool> TryCommitAsync(RegistryWrite write)
    {
        await using var batch = RegistryWriteBatch.Create(_connection!, write, locked: false);
        try
        {
            await batch.ExecuteNonQueryAsync();
            return true;
        }
        catch (PostgresException e) when (RegistryWriteBatch.IsHeadMoved(e))
        {
            await RollBackAsync();
            return false;
        }
    }

    /// <summary>Whether the batch was committed, asked over a new connection after its commit went unanswered.</summary>
    public async Task<bool> WasCommittedAsync(RegistryWrite write)
    {
        await DropAsync();
        // The lock waits for the lost transaction's end, should the server still be at it.
        var head = await LockHeadAsync();
        await using var command = new NpgsqlCommand("select hash from change where revision = $1", await ConnectAsync())
        {
            Parameters = { new() { Value = write.After.Revision } },
        };
        var committed = head.Batch == write.Batch
            || (await command.ExecuteScalarAsync() is byte[] hash && hash.AsSpan().SequenceEqual(write.Hash));
        await RollBackAsync();
        return committed;
    }

    /// <summary>The changes after <paramref name="revision"/>, oldest first, at most <paramref name="limit"/>.</summary>
    public async Task<List<ChangeRow>> ReadChangesAsync(long revision, int limit)
    {
        await using var command = new NpgsqlCommand(
            """
            select revision, at, actor, actor_kind, address, action, target, reason, operation, touched, before::text, after::text, previous_hash, hash
            from change where revision > $1 order by revision limit $2
            """, await ConnectAsync())
        {
            Parameters = { new() { Value = revision }, new() { Value = limit } },
        };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<ChangeRow>();
        while (await reader.ReadAsync())
        {
            rows.Add(new ChangeRow
            {
                Revision = reader.GetInt64(0),
                At = reader.GetFieldValue<DateTimeOffset>(1),
                Actor = reader.GetString(2),
                ActorKind = reader.GetString(3),
                Address = Text(reader, 4),
                Action = reader.GetString(5),
                Target = reader.GetString(6),
                Reason = Text(reader, 7),
                Operation = reader.IsDBNull(8) ? null : reader.GetInt64(8),
                Touched = reader.GetFieldValue<string[]>(9),
                Before = reader.GetString(10),
                After = reader.GetString(11),
                PreviousHash = reader.GetFieldValue<byte[]>(12),
                Hash = reader.GetFieldValue<byte[]>(13),
            });
        }

        return rows;
    }

    /// <summary>Gives the revisions from here on a new meaning, because the stored ones do not continue what followers have seen. Inside the head's lock.</summary>
    public async Task<HeadRow> RenewGenerationAsync()
    {
        await using var command = new NpgsqlCommand(
            "update head set generation = gen_random_uuid(), home = registry_home(), withholding = null returning generation, revision, at, batch, hash, schema", await ConnectAsync());
        return await ReadHeadAsync(command);
    }

    /// <summary>Where the registry was last written, and where it is now. They differ in a restored copy; the first is null before it was ever noted.</summary>
    public async Task<(string? Noted, string Now)> ReadHomeAsync()
    {
        await using var command = new NpgsqlCommand("select home, registry_home() from head", await ConnectAsync());
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() ? (Text(reader, 0), reader.GetString(1)) : throw NoHead();
    }

    /// <summary>Notes that the registry is at home where it is now. Inside the head's lock.</summary>
    public async Task NoteHomeAsync()
    {
        await using var command = new NpgsqlCommand("update head set home = registry_home()", await ConnectAsync());
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The hash of the change at a revision; null when it is not in the retained log.</summary>
    public async Task<byte[]?> FindHashAsync(long revision)
    {
        await using var command = new NpgsqlCommand("select hash from change where revision = $1", await ConnectAsync()) { Parameters = { new() { Value = revision } } };
        return await command.ExecuteScalarAsync() as byte[];
    }

    /// <summary>Ends the transaction of <see cref="LockHeadAsync"/> and keeps what was done in it.</summary>
    public async Task CommitAsync()
    {
        await using var command = new NpgsqlCommand("commit", await ConnectAsync());
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads the whole registry as it is under one head.</summary>
    public async Task<(HeadRow Head, RegistrySnapshot Snapshot)> LoadAsync()
    {
        var connection = await ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using var command = new NpgsqlCommand(SelectHead, connection);
        var head = await ReadHeadAsync(command);
        var entities = new List<EntityChange>();
        await using (var withheld = new NpgsqlCommand("select withholding::text from head where withholding is not null", connection))
        {
            if (await withheld.ExecuteScalarAsync() is string withholding)
                entities.Add(new WithholdingChange(null, Deserialize(withholding, Json.Default.Withholding)));
        }

        var revisions = new Dictionary<string, long>(StringComparer.Ordinal);
        await ReadServicesAsync(connection, entities, revisions);
        await ReadInstancesAsync(connection, entities, revisions);
        await ReadDecisionsAsync(connection, entities);
        await transaction.CommitAsync();
        return (head, RegistrySnapshot.Load(head.Generation, head.Revision, head.At, entities, revisions));
    }

    /// <summary>Closes the connection, and with it any open transaction.</summary>
    public async Task DropAsync()
    {
        var connection = _connection;
        _connection = null;
        // A partition made in a transaction that is lost is lost with it.
        _partitionEnd = 0;
        if (connection is not null)
            await connection.DisposeAsync();
    }

    public ValueTask DisposeAsync() => new(DropAsync());

    private static async Task ReadServicesAsync(NpgsqlConnection connection, List<EntityChange> entities, Dictionary<string, long> revisions)
    {
        await using var command = new NpgsqlCommand("select name, settings::text, created_revision, revision, brake::text from service", connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var name = reader.GetString(0);
            entities.Add(new ServiceChange(name, null, new(Deserialize(reader.GetString(1), Json.Default.ServiceSettings)!, reader.GetInt64(2))));
            revisions[name] = reader.GetInt64(3);
            if (Text(reader, 4) is { } brake)
                entities.Add(new BrakeChange(name, null, Deserialize(brake, Json.Default.BrakeState)));
        }
    }

    private static async Task ReadInstancesAsync(NpgsqlConnection connection, List<EntityChange> entities, Dictionary<string, long> revisions)
    {
        await using var command = new NpgsqlCommand(
            """
            select service, id, address, port, weight, zone, node, version, metadata::text, ttl, created_revision, registered_at, health::text, revision
            from instance
            """, connection);
        await using var reader = await command.ExecuteReaderAsync();
        // Thousands of instances share a handful of these: kept once, they are a good part of the registry's memory less.
        var shared = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            var key = new InstanceKey(Share(reader.GetString(0))!, reader.GetString(1));
            var metadata = reader.GetString(8);
            var registration = new Registration
            {
                Address = reader.GetString(2),
                Port = reader.GetInt32(3),
                Weight = reader.GetInt32(4),
                Zone = Share(Text(reader, 5)),
                Node = Share(Text(reader, 6)),
                Version = Share(Text(reader, 7)),
                Metadata = metadata == "{}" ? ImmutableSortedDictionary<string, string>.Empty : Deserialize(metadata, Json.Default.ImmutableSortedDictionaryStringString)!,
                Ttl = reader.IsDBNull(9) ? null : reader.GetFieldValue<TimeSpan>(9),
            };
            entities.Add(new InstanceChange(key, null, new(registration, reader.GetInt64(10), reader.GetFieldValue<DateTimeOffset>(11))));
            if (Text(reader, 12) is { } health)
                entities.Add(new HealthChange(key, null, Deserialize(health, Json.Default.HealthState)));
            // The service's own row is not written for what happens to an instance.
            if (revisions.TryGetValue(key.Service, out var revision) && reader.GetInt64(13) is var touched && touched > revision)
                revisions[key.Service] = touched;
        }

        string? Share(string? text) => text is null ? null : shared.TryGetValue(text, out var known) ? known : shared[text] = text;
    }

    private static async Task ReadDecisionsAsync(NpgsqlConnection connection, List<EntityChange> entities)
    {
        await using (var command = new NpgsqlCommand("select service, instance, intent::text, weight, ramp::text, revision, absent_since from operator_state", connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                entities.Add(new OperatorChange(new(reader.GetString(0), reader.GetString(1)), null, new()
                {
                    Intent = Deserialize(reader.GetString(2), Json.Default.Intent)!,
                    Weight = reader.IsDBNull(3) ? null : reader.GetInt32(3),
                    Ramp = Text(reader, 4) is { } ramp ? Deserialize(ramp, Json.Default.Ramp) : null,
                    Revision = reader.GetInt64(5),
                    AbsentSince = reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6),
                }));
            }
        }

        await using (var command = new NpgsqlCommand("select name, intent::text, revision from node", connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                entities.Add(new NodeChange(reader.GetString(0), null, new(Deserialize(reader.GetString(1), Json.Default.Intent)!, reader.GetInt64(2))));
        }

        await using (var command = new NpgsqlCommand("select id, state::text from operation where outcome = 'Open'", connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                entities.Add(new OperationChange(reader.GetInt64(0), null, Deserialize(reader.GetString(1), Json.Default.Operation)));
        }

        await using (var command = new NpgsqlCommand("select id, definition::text, progress::text from plan where state in ('Scheduled', 'Running', 'Paused')", connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                var plan = Deserialize(reader.GetString(2), Json.Default.Plan)! with { Definition = Deserialize(reader.GetString(1), Json.Default.PlanDefinition) };
                entities.Add(new PlanChange(reader.GetInt64(0), null, plan));
            }
        }

        await using (var command = new NpgsqlCommand("select id, mark::text from alert_mark", connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                entities.Add(new AlertMarkChange(reader.GetInt64(0), null, Deserialize(reader.GetString(1), Json.Default.AlertMark)));
        }
    }

    private static async Task<HeadRow> ReadHeadAsync(NpgsqlCommand command)
    {
        await using var reader = await command.ExecuteReaderAsync();
        return await ReadHeadAsync(reader);
    }

    private static async Task<HeadRow> ReadHeadAsync(NpgsqlDataReader reader)
    {
        if (!await reader.ReadAsync())
            throw NoHead();
        // Somebody newer knows what to write now, and this program does not.
        if (reader.GetInt32(5) is var schema && schema > SchemaScripts.Newest)
            throw SchemaException.Newer(schema);
        return new HeadRow
        {
            Generation = reader.GetGuid(0),
            Revision = reader.GetInt64(1),
            At = reader.GetFieldValue<DateTimeOffset>(2),
            Batch = reader.IsDBNull(3) ? null : reader.GetGuid(3),
            Hash = reader.GetFieldValue<byte[]>(4),
            Schema = schema,
        };
    }

    private static NpgsqlException NoHead() => new("The registry's head row is missing: the database is not whole.");

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private async ValueTask<NpgsqlConnection> ConnectAsync()
    {
        if (_connection is { } open)
            return open;

        var connection = new NpgsqlConnection(_connectionString);
        try
        {
            await connection.OpenAsync();
            // A console that freezes inside a transaction must not keep the others from writing.
            await using var command = new NpgsqlCommand("set idle_in_transaction_session_timeout = 5000; set lock_timeout = 2500", connection);
            await command.ExecuteNonQueryAsync();
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        return _connection = connection;
    }
}
