namespace Dashboard.Web;

/// <summary>The program cannot start; the message says what the operator can do about it.</summary>
public sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
