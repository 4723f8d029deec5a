using System.Text.Json;
using Dashboard.Core.Postgres;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>What the store's tests do all the time.</summary>
internal static class RegistryStore
{
    public static readonly Actor Service = new("checkout", ActorKind.Service, "10.0.0.9");
    public static readonly Actor Operator = new("kim", ActorKind.Operator, "10.0.0.1");

    public static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<PostgresRegistry> OpenAsync(string connectionString, TimeProvider? time = null, Action<PostgresRegistryOptions>? configure = null)
    {
        var options = new PostgresRegistryOptions { ConnectionString = connectionString, RetryInterval = TimeSpan.FromMilliseconds(100) };
        configure?.Invoke(options);
        var registry = new PostgresRegistry(options,
            time ?? TimeProvider.System, NullLogger<PostgresRegistry>.Instance);
        await registry.StartAsync(Cancelled);
        return registry;
    }

    public static RegisterInstance Register(string service, string id, int port = 8080, int weight = 100, string? node = null) =>
        new(new(service, id), new()
        {
            Address = AddressOf(id),
            Port = port,
            Weight = weight,
            Node = node,
            Zone = "zone-a",
            Version = "1.0",
        });

    // The same for the same id in every run, and different for different ids: two on one address and port would replace each other.
    private static string AddressOf(string id)
    {
        var hash = id.Aggregate(2166136261u, (sum, letter) => (sum ^ letter) * 16777619u);
        return new System.Net.IPAddress([10, (byte)(hash >> 16), (byte)(hash >> 8), (byte)hash]).ToString();
    }

    public static RecordHealth Probed(string service, string id, HealthStatus status, string output = "connected") =>
        new(service, [new(new(service, id), new(status, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(1234567), output, 2))]);

    public static async Task<CommandResult.Committed> CommitAsync(this IRegistry registry, RegistryCommand command, Actor? actor = null) =>
        Assert.IsType<CommandResult.Committed>(await registry.ExecuteAsync(command, actor ?? Service, Cancelled));

    /// <summary>Everything that a snapshot says, as text: equal texts, equal snapshots.</summary>
    public static string Dump(RegistrySnapshot snapshot) => JsonSerializer.Serialize(new
    {
        snapshot.Generation,
        snapshot.Revision,
        snapshot.At,
        snapshot.Overlay,
        snapshot.InstanceCount,
        Services = snapshot.Services.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => new
        {
            s.Key,
            s.Value.Revision,
            s.Value.Definition,
            s.Value.Brake,
            Instances = s.Value.Instances.Select(i => i.Value),
        }),
        Nodes = snapshot.Nodes.OrderBy(n => n.Key, StringComparer.Ordinal).Select(n => new
        {
            n.Key,
            n.Value.State,
            Instances = n.Value.Instances.Select(k => k.ToString()).Order(StringComparer.Ordinal),
        }),
        Operators = snapshot.OperatorStates.OrderBy(o => o.Key.ToString(), StringComparer.Ordinal).Select(o => new { Key = o.Key.ToString(), o.Value }),
        Operations = snapshot.Operations.OrderBy(o => o.Key).Select(o => o.Value),
        Plans = snapshot.Plans.OrderBy(p => p.Key).Select(p => p.Value),
        AlertMarks = snapshot.AlertMarks.OrderBy(m => m.Key).Select(m => m.Value),
    }, new JsonSerializerOptions { WriteIndented = true });

    public static async Task<object?> QueryAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(Cancelled);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancelled);
    }

    public static async Task EventuallyAsync(Func<bool> condition, string what, double seconds = 60)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began).TotalSeconds < seconds, $"not within {seconds} s: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancelled);
        }
    }
}
