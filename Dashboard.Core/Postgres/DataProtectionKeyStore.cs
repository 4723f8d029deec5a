using Dashboard.Core.Postgres.Rows;
using Microsoft.EntityFrameworkCore;

namespace Dashboard.Core.Postgres;

/// <summary>Keeps the keys that sign-in cookies are protected with, so that all consoles on a database accept one another's.</summary>
public sealed class DataProtectionKeyStore
{
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
}
