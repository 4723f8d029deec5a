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

    internal static SchemaException Newer(int stored) => new(
        $"The database's schema is number {stored} and this program knows up to {SchemaScripts.Newest}: a newer program has upgraded it. Nothing is written; upgrade this one too.");
}
