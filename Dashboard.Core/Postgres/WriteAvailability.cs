using Dashboard.Core.Registry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Dashboard.Core.Postgres;

/// <summary>Whether Postgres can be written to, as the writer last found it. Set by the writer's loop, read by anybody.</summary>
internal sealed partial class WriteAvailability(DateTimeOffset now, ILogger logger)
{
    private RegistryAvailability _current = new(now, now, "The registry is being loaded");

    public RegistryAvailability Current => Volatile.Read(ref _current);

    /// <summary>Memory was the head just now.</summary>
    public void InStep(DateTimeOffset at) => Volatile.Write(ref _current, new(null, at, null));

    /// <summary>Notes why Postgres cannot be written to.</summary>
    public void GoAway(Exception exception, DateTimeOffset at)
    {
        var before = Current;
        var error = exception switch
        {
            PostgresAwayException => before.Error!,
            CommitUnansweredException { InnerException: { } cause } => PostgresFault.Describe(cause),
            _ => PostgresFault.Describe(exception),
        };
        if (before.IsAvailable)
            LogAway(logger, error, exception);
        Volatile.Write(ref _current, new(before.UnavailableSince ?? at, before.LastSync, error));
    }

    [LoggerMessage(12, LogLevel.Error, "Postgres is away, so nothing can be written: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason, Exception exception);
}

/// <summary>Postgres is known to be away, so it is not asked.</summary>
internal sealed class PostgresAwayException(string message) : Exception(message);

/// <summary>The connection broke during a commit and nobody can say yet what became of it.</summary>
internal sealed class CommitUnansweredException(Exception inner) : NpgsqlException("A commit went unanswered", inner);
