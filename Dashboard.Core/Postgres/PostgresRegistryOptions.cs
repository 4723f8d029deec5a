using System.Data.Common;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Where the registry is stored and how patient the store is.</summary>
public sealed class PostgresRegistryOptions
{
    /// <summary>Leads to the database that holds the registry (<c>ConnectionStrings:Registry</c>, or the embedded server's).</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The same database as an owner that may change the schema (<c>ConnectionStrings:RegistryOwner</c>); null = <see cref="ConnectionString"/>.</summary>
    public string? OwnerConnectionString { get; set; }

    /// <summary>A file in which the console keeps where the registry stood, to recognise a restored database after a restart; null = nowhere.</summary>
    public string? PositionFile { get; set; }

    /// <summary>How long changes are kept at least; zero = for ever. Default 90 days.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How long traffic's minutes are kept at least; zero = for ever. Default 30 days.</summary>
    public TimeSpan TrafficRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often is looked for what is older. Default 1 h.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Where that is, for people: host, port and database, without user and password.</summary>
    public string Place => PlaceOf(ConnectionString);

    /// <summary>Leads to the database as the schema's owner.</summary>
    internal string Owner => string.IsNullOrEmpty(OwnerConnectionString) ? ConnectionString : OwnerConnectionString;

    /// <summary>Most commands in one transaction, at least 1. Default 512.</summary>
    public int BatchLimit { get; set; } = 512;

    /// <summary>Most commands that may wait; one more is answered as unavailable. Default 8,192.</summary>
    public int QueueCapacity { get; set; } = 8192;

    /// <summary>Longest wait for a connection, in whole seconds. Default 2 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait for one answer of Postgres before it counts as away, in whole seconds. Default 3 s.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How often the head is read even though no notification came. Default 5 s.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a lost Postgres is asked whether it is back. Default 500 ms.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the first start waits for Postgres before it fails. Default 60 s.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(60);

    internal static string PlaceOf(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return $"Postgres at {parts.Host}{(parts.Host?.StartsWith('/') == true ? "" : $":{parts.Port}")}, database {parts.Database ?? parts.Username}";
    }

    /// <summary>What is wrong with a connection string, without repeating its values; null = nothing, or there is none.</summary>
    public static string? FaultOf(string? connectionString)
    {
        if (string.IsNullOrEmpty(connectionString))
            return null;

        DbConnectionStringBuilder given;
        try
        {
            given = new() { ConnectionString = connectionString };
        }
        catch (ArgumentException)
        {
            return "is not of the form Host=db.example;Database=dashboard;Username=dashboard;Password=...";
        }

        var builder = new NpgsqlConnectionStringBuilder();
        string[] faults = [.. given.Keys.Cast<string>().Select(key => FaultOf(builder, key, given[key])).OfType<string>()];
        return faults.Length > 0 ? string.Join(", ", faults)
            : string.IsNullOrWhiteSpace(builder.Host) ? "has no Host"
            : null;
    }

    private static string? FaultOf(NpgsqlConnectionStringBuilder builder, string key, object value)
    {
        if (!builder.ContainsKey(key))
            return $"'{key}' is nothing that a connection to Postgres has";

        try
        {
            builder[key] = value;
            return null;
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return $"'{key}' has a value that it cannot have";
        }
    }
}
