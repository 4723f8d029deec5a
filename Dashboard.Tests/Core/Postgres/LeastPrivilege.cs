using Dashboard.Tests.Support;
using Npgsql;
using static Dashboard.Tests.Core.Postgres.RegistryStore;

namespace Dashboard.Tests.Core.Postgres;

/// <summary>An empty database with the roles of <c>db/roles.sql</c>, on a server of its own: roles belong to a whole server.</summary>
internal sealed class LeastPrivilege : IAsyncDisposable
{
    private readonly PrivatePostgresServer _server;

    private LeastPrivilege(PrivatePostgresServer server) => _server = server;

    public string Superuser => _server.ConnectionString;

    public string Owner => As("dashboard_owner");

    public string Application => As("dashboard_app");

    public static async Task<LeastPrivilege> CreateAsync()
    {
        var roles = new LeastPrivilege(await PostgresServer.StartPrivateAsync());
        await roles.MakeRolesAsync();
        return roles;
    }

    /// <summary>Runs the script, and gives those passwords that it made.</summary>
    public async Task MakeRolesAsync()
    {
        await QueryAsync(Superuser, await File.ReadAllTextAsync(RolesScript, Cancelled));
        await QueryAsync(Superuser, "alter role dashboard_owner password 'secret'; alter role dashboard_app password 'secret'");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string RolesScript => Path.Combine(PostgresPackages.Root, "db", "roles.sql");

    private string As(string role) => new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Username = role, Password = "secret" }.ConnectionString;
}
