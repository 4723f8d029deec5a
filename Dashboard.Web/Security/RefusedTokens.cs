using System.Net;

namespace Dashboard.Web.Security;

/// <summary>
/// Tells the log of wrong bearer tokens, once a minute for each address: a data plane with an old token asks every second, and would bury everything else.
/// </summary>
internal sealed partial class RefusedTokens(TimeProvider time, ILogger<RefusedTokens> logger)
{
    /// <summary>Addresses that are told apart; those beyond are not told until others have been quiet.</summary>
    private const int MaxAddresses = 256;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Told, long Since)> _told = [];

    /// <summary>Addresses that were told within the last minute, or have been told and not yet forgotten.</summary>
    internal int Addresses
    {
        get
        {
            lock (_lock)
                return _told.Count;
        }
    }

    public void Note(IPAddress? address)
    {
        var key = address is null ? "an unknown address" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
        var now = time.GetTimestamp();
        long since;
        lock (_lock)
        {
            if (_told.TryGetValue(key, out var last) && time.GetElapsedTime(last.Told, now) < Pause)
            {
                _told[key] = last with { Since = last.Since + 1 };
                return;
            }

            since = last.Since;
            if (_told.Count >= MaxAddresses)
            {
                foreach (var quiet in _told.Where(pair => time.GetElapsedTime(pair.Value.Told, now) >= Pause).Select(pair => pair.Key).ToArray())
                    _told.Remove(quiet);
                if (_told.Count >= MaxAddresses)
                    return;
            }

            _told[key] = (now, 0);
        }

        LogRefused(logger, key, since);
    }

    [LoggerMessage(LogLevel.Warning, "A bearer token from {Address} is not the admin token; {Since} more were refused since that was last said. Whatever asks from there needs this console's Auth:AdminToken")]
    private static partial void LogRefused(ILogger logger, string address, long since);
}
