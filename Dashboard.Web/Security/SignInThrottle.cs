using System.Net;
using System.Net.Sockets;

namespace Dashboard.Web.Security;

/// <summary>Slows guessing: an address that failed too often has to wait before it may sign in again.</summary>
internal sealed partial class SignInThrottle(TimeProvider time, ILogger<SignInThrottle> logger)
{
    /// <summary>Failures an address may have in one window.</summary>
    public const int Failures = 10;

    /// <summary>Addresses that are told apart; those beyond share one count.</summary>
    private const int MaxAddresses = 4096;

    /// <summary>The window, from the first failure.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Count, DateTimeOffset Until)> _failures = [];

    /// <summary>How long an address still has to wait; zero when it may try.</summary>
    public TimeSpan WaitOf(IPAddress? address)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            return _failures.TryGetValue(KeyOfLocked(address), out var failed) && failed.Count >= Failures && failed.Until > now
                ? failed.Until - now
                : TimeSpan.Zero;
        }
    }

    public void Failed(IPAddress? address)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (_failures.Count >= MaxAddresses)
            {
                foreach (var expired in _failures.Where(pair => pair.Value.Until <= now).Select(pair => pair.Key).ToArray())
                    _failures.Remove(expired);
            }

            var key = KeyOfLocked(address);
            _failures[key] = _failures.TryGetValue(key, out var failed) && failed.Until > now ? (failed.Count + 1, failed.Until) : (1, now + Window);
        }

        LogFailed(address);
    }

    private string KeyOfLocked(IPAddress? address)
    {
        var key = NameOf(address);
        return _failures.Count < MaxAddresses || _failures.ContainsKey(key) ? key : "other";
    }

    /// <summary>An IPv6 host can take any address of its /64, so that counts as one.</summary>
    private static string NameOf(IPAddress? address)
    {
        if (address is null)
            return "unknown";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    [LoggerMessage(LogLevel.Warning, "A sign-in from {Address} failed")]
    private partial void LogFailed(IPAddress? address);
}
