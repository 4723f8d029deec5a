namespace Dashboard.Core.Postgres;

/// <summary>
/// The database's schema and this program do not fit together: a script failed, or a newer program has upgraded it. The message is complete and made for the
/// operator.
/// </summary>
public sealed class SchemaException : InvalidOperationException
{
    /// <summary>Makes the exception with the operator's <paramref name="message"/>.</summary>
    public SchemaException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    internal static SchemaException NotAllowed(string? role, Exception refused) => new(
        $"{role} may not do what a console has to do in this database, Postgres says: {(refused as Npgsql.PostgresException)?.MessageText ?? refused.Message}. As a superuser run db/roles.sql in it "
        + "(and where the tables are another role's: reassign owned by that role to dashboard_owner), then start with dashboard_app in ConnectionStrings:Registry and dashboard_owner in "
        + "ConnectionStrings:RegistryOwner: the start gives the one what it needs as the other.", refused);

    internal static SchemaException Newer(int stored) => new(
        $"The database's schema is number {stored} and this program knows up to {SchemaScripts.Newest}: a newer program has upgraded it. Nothing is written; upgrade this one too.");
}
