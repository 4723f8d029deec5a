using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Npgsql;
using NpgsqlTypes;
using static System.Text.Json.JsonSerializer;
using Json = Dashboard.Core.Registry.ChangeJsonContext;

namespace Dashboard.Core.Postgres;

/// <summary>Makes the statements of one transaction, one per table and kind, so that all go to Postgres in one round trip.</summary>
internal static class RegistryWriteBatch
{
    // Holds the head like LockHeadAsync, or fails. Postgres has no other way to end a batch than an error, and its log shows it: so the error says what it means.
    private const string Guard =
        """
        select case when generation = $1 and revision = $2 and hash = $3 and schema <= $4 then 0
          else ('no fault: the head is at revision ' || revision || ', another console has written meanwhile and this batch is decided again')::integer end
        from head for update
        """;

    /// <summary>Everything from the first row to the commit. A statement that fails keeps those after it, the commit among them, from running.</summary>
    /// <param name="locked">
    /// Whether the head is held already, see <see cref="RegistryDatabase.LockHeadAsync"/>. Else the batch begins the transaction, takes the head and fails with an
    /// error that <see cref="IsHeadMoved"/> knows unless the head is exactly what was decided on.
    /// </param>
    public static NpgsqlBatch Create(NpgsqlConnection connection, RegistryWrite write, bool locked)
    {
        var batch = new NpgsqlBatch(connection);
        if (!locked)
        {
            Add(batch, "begin");
            Add(batch, Guard, Value(write.Before.Generation), Value(write.Before.Revision), Value(write.PreviousHash), Value(SchemaScripts.Newest));
        }

        AddServices(batch, write);
        AddInstances(batch, write);
        AddOperatorStates(batch, write);
        AddNodes(batch, write);
        AddOperations(batch, write);
        AddPlans(batch, write);
        AddAlertMarks(batch, write);
        AddChanges(batch, write.Rows);

        var last = write.Rows[^1];
        Add(batch, "update head set revision = $1, at = $2, batch = $3, hash = $4",
            Value(last.Revision), Value(last.At), Value(write.Batch), Value(last.Hash));
        if (write.WithholdingChanged)
            Add(batch, "update head set withholding = $1::json", new NpgsqlParameter { Value = write.After.Withholding is { } withholding ? Serialize(withholding, Json.Default.Withholding) : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        // One for the transaction, however many changes: a notification for each costs Postgres most of its write rate.
        // A head that is missing must not be taken for one that was moved on.
        Add(batch, "select pg_notify('registry_change', $1), 1 / (select count(*) from head)", Value(last.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Add(batch, "commit");
        return batch;
    }

    /// <summary>Whether a batch came no further than to the head, and nothing of it was written.</summary>
    public static bool IsOfHead(Exception exception) => exception is PostgresException { BatchCommand.CommandText: Guard };

    /// <summary>Whether that was because the head is not what the batch was decided on.</summary>
    public static bool IsHeadMoved(Exception exception) => IsOfHead(exception) && exception is PostgresException { SqlState: PostgresErrorCodes.InvalidTextRepresentation };

    private static void AddServices(NpgsqlBatch batch, RegistryWrite write)
    {
        var removed = write.RemovedServices.ToArray();
        if (removed.Length > 0)
        {
            Add(batch, "delete from service where name = any($1)", Array(removed));
            Add(batch, "delete from instance where service = any($1)", Array(removed));
        }

        var rows = write.ChangedServices.ToArray();
        if (rows.Length == 0)
            return;

        Add(batch,
            """
            insert into service (name, settings, created_revision, revision, brake)
            select n, s::json, c, r, b::json from unnest($1, $2, $3, $4, $5) as t (n, s, c, r, b)
            on conflict (name) do update set settings = excluded.settings, created_revision = excluded.created_revision,
              revision = excluded.revision, brake = excluded.brake
            """,
            Array([.. rows.Select(s => s.Name)]),
            Array([.. rows.Select(s => Serialize(s.Settings, Json.Default.ServiceSettings))]),
            Array([.. rows.Select(s => s.Definition.CreatedRevision)]),
            Array([.. rows.Select(s => s.Revision)]),
            Array([.. rows.Select(s => s.Brake is { } brake ? Serialize(brake, Json.Default.BrakeState) : null)]));
    }

    // Of instances and changes there are thousands a second. Their arrays are unfolded side by side in the select list: in "from" Postgres first makes a table of each.
    private static void AddInstances(NpgsqlBatch batch, RegistryWrite write)
    {
        var removed = write.RemovedInstances.ToArray();
        if (removed.Length > 0)
        {
            Add(batch, "delete from instance i using unnest($1, $2) as t (s, n) where i.service = t.s and i.id = t.n",
                Array([.. removed.Select(k => k.Service)]), Array([.. removed.Select(k => k.Id)]));
        }

        var rows = write.ChangedInstances.ToArray();
        if (rows.Length == 0)
            return;

        Add(batch,
            """
            insert into instance (service, id, address, port, weight, zone, node, version, metadata, ttl, created_revision, registered_at, health, revision)
            select unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14)
            on conflict (service, id) do update set address = excluded.address, port = excluded.port, weight = excluded.weight, zone = excluded.zone,
              node = excluded.node, version = excluded.version, metadata = excluded.metadata, ttl = excluded.ttl,
              created_revision = excluded.created_revision, registered_at = excluded.registered_at, health = excluded.health,
              revision = excluded.revision
            """,
            Array([.. rows.Select(i => i.Key.Service)]),
            Array([.. rows.Select(i => i.Key.Id)]),
            Array([.. rows.Select(i => i.Registration.Address)]),
            Array([.. rows.Select(i => i.Registration.Port)]),
            Array([.. rows.Select(i => i.Registration.Weight)]),
            Array([.. rows.Select(i => Storable(i.Registration.Zone))]),
            Array([.. rows.Select(i => Storable(i.Registration.Node))]),
            Array([.. rows.Select(i => Storable(i.Registration.Version))]),
            JsonArray([.. rows.Select(i => Serialize(i.Registration.Metadata, Json.Default.ImmutableSortedDictionaryStringString))]),
            Parameter(rows.Select(i => i.Registration.Ttl).ToArray(), NpgsqlDbType.Interval),
            Array([.. rows.Select(i => i.Entry.CreatedRevision)]),
            Parameter(rows.Select(i => i.Entry.RegisteredAt.ToUniversalTime()).ToArray(), NpgsqlDbType.TimestampTz),
            JsonArray([.. rows.Select(i => i.Health is { } health ? Serialize(health, Json.Default.HealthState) : null)]),
            Array([.. rows.Select(i => write.After.Services[i.Key.Service].Revision)]));
    }

    private static void AddOperatorStates(NpgsqlBatch batch, RegistryWrite write)
    {
        var removed = write.RemovedOperatorStates.ToArray();
        if (removed.Length > 0)
        {
            Add(batch, "delete from operator_state o using unnest($1, $2) as t (s, n) where o.service = t.s and o.instance = t.n",
                Array([.. removed.Select(k => k.Service)]), Array([.. removed.Select(k => k.Id)]));
        }

        var rows = write.ChangedOperatorStates.ToArray();
        if (rows.Length == 0)
            return;

        Add(batch,
            """
            insert into operator_state (service, instance, intent, weight, ramp, revision, absent_since)
            select s, i, n::json, w, p::json, r, a from unnest($1, $2, $3, $4, $5, $6, $7) as t (s, i, n, w, p, r, a)
            on conflict (service, instance) do update set intent = excluded.intent, weight = excluded.weight, ramp = excluded.ramp,
              revision = excluded.revision, absent_since = excluded.absent_since
            """,
            Array([.. rows.Select(o => o.Key.Service)]),
            Array([.. rows.Select(o => o.Key.Id)]),
            Array([.. rows.Select(o => Serialize(o.State.Intent, Json.Default.Intent))]),
            Parameter(rows.Select(o => o.State.Weight).ToArray(), NpgsqlDbType.Integer),
            Array([.. rows.Select(o => o.State.Ramp is { } ramp ? Serialize(ramp, Json.Default.Ramp) : null)]),
            Array([.. rows.Select(o => o.State.Revision)]),
            Parameter(rows.Select(o => o.State.AbsentSince?.ToUniversalTime()).ToArray(), NpgsqlDbType.TimestampTz));
    }

    private static void AddNodes(NpgsqlBatch batch, RegistryWrite write)
    {
        var removed = write.RemovedNodes.ToArray();
        if (removed.Length > 0)
            Add(batch, "delete from node where name = any($1)", Array(removed));

        var rows = write.ChangedNodes.ToArray();
        if (rows.Length == 0)
            return;

        Add(batch,
            """
            insert into node (name, intent, revision)
            select n, i::json, r from unnest($1, $2, $3) as t (n, i, r)
            on conflict (name) do update set intent = excluded.intent, revision = excluded.revision
            """,
            Array([.. rows.Select(n => n.Name)]),
            Array([.. rows.Select(n => Serialize(n.State.Intent, Json.Default.Intent))]),
            Array([.. rows.Select(n => n.State.Revision)]));
    }

    private static void AddOperations(NpgsqlBatch batch, RegistryWrite write)
    {
        var removed = write.RemovedOperations.ToArray();
        if (removed.Length > 0)
            Add(batch, "delete from operation where id = any($1)", Array(removed));

        var rows = write.ChangedOperations.ToArray();
        if (rows.Length == 0)
            return;

        Add(batch,
            """
            insert into operation (id, outcome, service, node, state)
            select i, o, s, n, j::json from unnest($1, $2, $3, $4, $5) as t (i, o, s, n, j)
            on conflict (id) do update set outcome = excluded.outcome, service = excluded.service, node = excluded.node, state = excluded.state
            """,
            Array([.. rows.Select(o => o.Id)]),
            Array([.. rows.Select(o => o.Outcome.ToString())]),
            Array([.. rows.Select(o => o.Service)]),
            Array([.. rows.Select(o => o.Node)]),
            Array([.. rows.Select(o => Serialize(o, Json.Default.Operation))]));
    }

    private static void AddPlans(NpgsqlBatch batch, RegistryWrite write)
    {
        var rows = write.ChangedPlans.ToArray();
        if (rows.Length == 0)
            return;

        Add(batch,
            """
            insert into plan (id, state, definition, progress)
            select i, s, d::json, p::json from unnest($1, $2, $3, $4) as t (i, s, d, p)
            on conflict (id) do update set state = excluded.state, progress = excluded.progress
            """,
            Array([.. rows.Select(p => p.Id)]),
            Array([.. rows.Select(p => p.State.ToString())]),
            Array([.. rows.Select(p => Serialize(p.Asked, Json.Default.PlanDefinition))]),
            Array([.. rows.Select(p => Serialize(p with { Definition = null }, Json.Default.Plan))]));
    }

    private static void AddAlertMarks(NpgsqlBatch batch, RegistryWrite write)
    {
        var removed = write.RemovedAlertMarks.ToArray();
        if (removed.Length > 0)
            Add(batch, "delete from alert_mark where id = any($1)", Array(removed));

        var rows = write.ChangedAlertMarks.ToArray();
        if (rows.Length == 0)
            return;

        Add(batch,
            "insert into alert_mark (id, mark) select i, m::json from unnest($1, $2) as t (i, m) on conflict (id) do update set mark = excluded.mark",
            Array([.. rows.Select(m => m.Id)]),
            Array([.. rows.Select(m => Serialize(m, Json.Default.AlertMark))]));
    }

    private static void AddChanges(NpgsqlBatch batch, IReadOnlyList<ChangeRow> rows) => Add(batch,
        """
        insert into change (revision, at, actor, actor_kind, address, action, target, reason, operation, touched, before, after, previous_hash, hash)
        select r, a, n, k, d, c, t, w, o, string_to_array(u, e'\n'), b, f, p, h
        from (select unnest($1) r, unnest($2) a, unnest($3) n, unnest($4) k, unnest($5) d, unnest($6) c, unnest($7) t, unnest($8) w, unnest($9) o, unnest($10) u,
          unnest($11) b, unnest($12) f, unnest($13) p, unnest($14) h) x
        """,
        Array([.. rows.Select(r => r.Revision)]),
        Parameter(rows.Select(r => r.At).ToArray(), NpgsqlDbType.TimestampTz),
        Array([.. rows.Select(r => r.Actor)]),
        Array([.. rows.Select(r => r.ActorKind)]),
        Array([.. rows.Select(r => r.Address)]),
        Array([.. rows.Select(r => r.Action)]),
        Array([.. rows.Select(r => r.Target)]),
        Array([.. rows.Select(r => r.Reason)]),
        Parameter(rows.Select(r => r.Operation).ToArray(), NpgsqlDbType.Bigint),
        // unnest flattens an array of arrays; names hold no line breaks.
        Array([.. rows.Select(r => string.Join('\n', r.Touched))]),
        JsonArray([.. rows.Select(r => r.Before)]),
        JsonArray([.. rows.Select(r => r.After)]),
        Parameter(rows.Select(r => r.PreviousHash).ToArray(), NpgsqlDbType.Bytea),
        Parameter(rows.Select(r => r.Hash).ToArray(), NpgsqlDbType.Bytea));

    private static string? Storable(string? text) => text is null ? null : ChangeRow.Storable(text);

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };

    private static NpgsqlParameter Array(string?[] values) => Parameter(values, NpgsqlDbType.Text);

    // As what it is to be: a cast of a text writes it out and reads it in again.
    private static NpgsqlParameter JsonArray(string?[] values) => Parameter(values, NpgsqlDbType.Json);

    private static NpgsqlParameter Array(long[] values) => Parameter(values, NpgsqlDbType.Bigint);

    private static NpgsqlParameter Array(int[] values) => Parameter(values, NpgsqlDbType.Integer);

    private static NpgsqlParameter Parameter<T>(T[] values, NpgsqlDbType type) => new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
