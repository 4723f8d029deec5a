using System.Collections.Immutable;
using System.Text.Json;
using Dashboard.Core.Attention.Webhooks;
using Npgsql;
using NpgsqlTypes;

namespace Dashboard.Core.Postgres;

/// <summary>The rows of <c>alert_notice</c>.</summary>
public sealed class PostgresNoticeStore(PostgresRegistryOptions options) : INoticeStore, IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(options.ConnectionString)
    {
        ApplicationName = "dashboard notices",
        MaxPoolSize = 2,
        Timeout = (int)options.ConnectTimeout.TotalSeconds,
        CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
        CancellationTimeout = 500,
    });

    public async Task<ImmutableArray<AlertNotice>> ReadAsync(string webhook, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand("select notice::text from alert_notice where webhook = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = webhook });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var notices = ImmutableArray.CreateBuilder<AlertNotice>();
        while (await reader.ReadAsync(cancellationToken))
            notices.Add(JsonSerializer.Deserialize(reader.GetString(0), WebhookJson.Default.AlertNotice)!);
        return notices.ToImmutable();
    }

    public async Task WriteAsync(string webhook, IReadOnlyCollection<AlertNotice> told, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(told);
        var (firing, ended) = (told.Where(notice => notice.IsFiring).ToArray(), told.Where(notice => !notice.IsFiring).ToArray());
        await using var batch = _source.CreateBatch();
        Add(
            "insert into alert_notice (webhook, alert, notice) select $1, a, n::json from unnest($2, $3) as t (a, n) on conflict (webhook, alert) do update set notice = excluded.notice",
            [.. firing.Select(notice => notice.Fingerprint)],
            [.. firing.Select(notice => JsonSerializer.Serialize(notice, WebhookJson.Default.AlertNotice))]);
        Add("delete from alert_notice where webhook = $1 and alert = any($2)", [.. ended.Select(notice => notice.Fingerprint)]);
        await batch.ExecuteNonQueryAsync(cancellationToken);

        void Add(string sql, params string[][] columns)
        {
            var command = new NpgsqlBatchCommand(sql) { Parameters = { new NpgsqlParameter<string> { TypedValue = webhook } } };
            foreach (var column in columns)
                command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = column, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
            batch.BatchCommands.Add(command);
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
