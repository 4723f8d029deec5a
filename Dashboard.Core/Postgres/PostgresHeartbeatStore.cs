using Dashboard.Core.Health;
using Dashboard.Core.Registry;
using Npgsql;
using NpgsqlTypes;

namespace Dashboard.Core.Postgres;

/// <summary>The rows of <c>heartbeat</c>. Times are Postgres' own, so that no console's clock counts.</summary>
public sealed class PostgresHeartbeatStore(PostgresRegistryOptions options) : IHeartbeatStore, IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
    {
        ApplicationName = "dashboard heartbeats",
        MaxPoolSize = 2,
        Timeout = (int)options.ConnectTimeout.TotalSeconds,
        CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
        CancellationTimeout = 500,
        MaxAutoPrepare = 4,
        AutoPrepareMinUsages = 2,
    });

    public async Task RecordAsync(IReadOnlyList<(InstanceKey Key, TimeSpan Age)> heartbeats, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(heartbeats);
        var (services, instances, ages) = (new string[heartbeats.Count], new string[heartbeats.Count], new long[heartbeats.Count]);
        for (var i = 0; i < heartbeats.Count; i++)
            (services[i], instances[i], ages[i]) = (heartbeats[i].Key.Service, heartbeats[i].Key.Id, heartbeats[i].Age.Ticks / TimeSpan.TicksPerMicrosecond);

        await using var command = _source.CreateCommand(
            """
            insert into heartbeat as known (service, instance, seen)
            select s, i, statement_timestamp() - a * interval '1 microsecond' from unnest($1, $2, $3) as t (s, i, a)
            on conflict (service, instance) do update set seen = excluded.seen where known.seen < excluded.seen
            """);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = services, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = instances, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = ages, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<(InstanceKey Key, DateTimeOffset Seen)>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand("select service, instance, seen from heartbeat");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(InstanceKey Key, DateTimeOffset Seen)>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add((new(reader.GetString(0), reader.GetString(1)), reader.GetFieldValue<DateTimeOffset>(2)));
        return rows;
    }

    public async Task ForgetAsync(TimeSpan silent, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand("delete from heartbeat where seen < statement_timestamp() - $1");
        command.Parameters.Add(new() { Value = silent });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
