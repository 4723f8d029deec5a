using System.Net.Sockets;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Tells what a failed call to Postgres means.</summary>
internal static class PostgresFault
{
    /// <summary>
    /// Whether the command that was being written is at fault and not Postgres: classes 22 (its data cannot be stored) and 23 (it breaks a constraint).
    /// </summary>
    public static bool IsOfCommand(Exception exception) =>
        exception is not (NpgsqlException or SocketException or IOException or TimeoutException or SchemaException)
        || (exception is PostgresException { SqlState: ['2', '2' or '3', ..] });

    /// <summary>What an operator is told, without addresses or passwords.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        SchemaException e => e.Message,
        // A running console makes no schema: it would hide that everything is gone.
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable } e =>
            $"The database holds no registry, Postgres says: {e.MessageText}. Was it made anew? Restore a backup into it, or restart the console to begin an empty one",
        PostgresException e => $"Postgres says: {e.MessageText} ({e.SqlState})",
        NpgsqlException { InnerException: TimeoutException } or TimeoutException => "Postgres does not answer in time",
        NpgsqlException { InnerException: SocketException e } => $"Postgres cannot be reached: {e.Message}",
        _ => "The connection to Postgres broke",
    };
}
