using Microsoft.Extensions.Logging.Abstractions;

namespace Dashboard.Web.Discovery.Xds;

/// <summary>The host's loggers for the inner application, without gRPC's own, which take each client that goes away for an error. They stay the host's: disposing this disposes nothing.</summary>
internal sealed class QuietLoggerFactory(ILoggerFactory loggers) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("Dashboard.", StringComparison.Ordinal) ? loggers.CreateLogger(categoryName) : NullLogger.Instance;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
