using Dashboard.Core.Postgres.Rows;
using Microsoft.EntityFrameworkCore;

namespace Dashboard.Core.Postgres;

/// <summary>Keeps the keys that sign-in cookies are protected with, so that all consoles on a database accept one another's.</summary>
public sealed class DataProtectionKeyStore
{
    // Any fixed number; every console on the database takes the same.
    private const long LockKey = 0x4461_7368_4B65_7973;

    private readonly IDbContextFactory<RegistryDbContext> _contexts;

    internal DataProtectionKeyStore(IDbContextFactory<RegistryDbContext> contexts) => _contexts = contexts;

    /// <summary>Every key's XML, oldest first. Throws an <see cref="Npgsql.NpgsqlException"/> while Postgres is away.</summary>
    public IReadOnlyList<string> GetAll()
    {
        using var context = _contexts.CreateDbContext();
        return [.. context.DataProtectionKeys.OrderBy(row => row.Id).Select(row => row.Xml)];
    }

    /// <summary>Adds a key.</summary>
    public void Add(string name, string xml)
    {
        using var context = _contexts.CreateDbContext();
        context.DataProtectionKeys.Add(new DataProtectionKeyRow { Name = name, Xml = xml });
        context.SaveChanges();
    }

    /// <summary>Runs what may make the first key while no other console does, so that all begin with the same.</summary>
    public void Alone(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        using var context = _contexts.CreateDbContext();
        using var transaction = context.Database.BeginTransaction();
        // Given back with the transaction, also when this process dies.
        context.Database.ExecuteSql($"select pg_advisory_xact_lock({LockKey})");
        action();
        transaction.Commit();
    }
}
