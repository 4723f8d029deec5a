using System.Data;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>
/// Keeps the keys that sign-in cookies are protected with, so that all consoles on a database accept one another's. Every console reads them when it starts, so they are asked for without a context: its model would cost each start a second of
/// compiling and 15 MB, also where nobody ever asks for the past.
/// </summary>
public sealed class DataProtectionKeyStore
{
    // Any fixed number; every console on the database takes the same.
    private const long LockKey = 0x4461_7368_4B65_7973;

    private readonly NpgsqlDataSource _source;

    internal DataProtectionKeyStore(NpgsqlDataSource source) => _source = source;

    /// <summary>Every key's XML, oldest first. Throws an <see cref="NpgsqlException"/> while Postgres is away.</summary>
    public IReadOnlyList<string> GetAll()
    {
        using var command = _source.CreateCommand("select xml from data_protection_key order by id");
        using var rows = command.ExecuteReader();
        var keys = new List<string>();
        while (rows.Read())
            keys.Add(rows.GetString(0));
        return keys;
    }

    /// <summary>Adds a key. Throws an <see cref="NpgsqlException"/> while Postgres is away.</summary>
    public void Add(string name, string xml)
    {
        using var command = _source.CreateCommand("insert into data_protection_key (name, xml) values ($1, $2)");
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = xml });
        command.ExecuteNonQuery();
    }

    /// <summary>Runs what may make the first key while no other console does, so that all begin with the same.</summary>
    public void Alone(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        using var connection = _source.OpenConnection();
        using var transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
        // Given back with the transaction, also when this process dies.
        using (var command = new NpgsqlCommand("select pg_advisory_xact_lock($1)", connection, transaction) { Parameters = { new() { Value = LockKey } } })
            command.ExecuteNonQuery();
        action();
        transaction.Commit();
    }
}
