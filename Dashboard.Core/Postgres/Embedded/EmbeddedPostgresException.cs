namespace Dashboard.Core.Postgres.Embedded;

/// <summary>
/// The embedded Postgres cannot be had. The message is complete and made for the operator, with what to do about it: show it
/// without a stack trace.
/// </summary>
public sealed class EmbeddedPostgresException : Exception
{
    /// <summary>Makes the exception with the operator's <paramref name="message"/>.</summary>
    public EmbeddedPostgresException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
