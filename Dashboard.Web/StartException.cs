namespace Dashboard.Web;

/// <summary>The program cannot start; the message says what the operator can do about it.</summary>
public sealed class StartException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <exception cref="StartException">There are faults; the message names each.</exception>
    internal static void ThrowIfAny(string what, IReadOnlyList<string> faults)
    {
        if (faults.Count > 0)
            throw new StartException($"The {what} cannot start:\n  {string.Join("\n  ", faults)}");
    }
}
