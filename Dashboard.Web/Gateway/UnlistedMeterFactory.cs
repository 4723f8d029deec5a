using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Dashboard.Web.Gateway;

/// <summary>
/// Makes the framework's meters under names of the gateway's own. The console exports the framework's meters of its pages and API; forwarded requests would be mixed into
/// them and each pay for measurements that the gateway makes by itself.
/// </summary>
internal sealed class UnlistedMeterFactory : IMeterFactory
{
    private readonly ConcurrentDictionary<string, Meter> _meters = new(StringComparer.Ordinal);

    public Meter Create(MeterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return _meters.GetOrAdd("Dashboard.Gateway." + options.Name, name => new(name, options.Version));
    }

    public void Dispose()
    {
        foreach (var meter in _meters.Values)
        {
            meter.Dispose();
        }
    }
}
