using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Dashboard.Web.Security;

/// <summary>Codes that sign in once, for the link that the console prints when it starts.</summary>
public sealed class SignInCodes(TimeProvider time)
{
    /// <summary>How long a code is good for.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    // Keyed by hash, so that a lookup's time tells nothing about a code.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _expiries = new();

    /// <summary>Makes a code and the link that uses it.</summary>
    /// <param name="address">Where the console listens, as Kestrel tells it, for example <c>http://[::]:5080</c>.</param>
    public Uri CreateLink(string address)
    {
        var binding = BindingAddress.Parse(address);
        var host = binding.Host is "+" or "*" or "0.0.0.0" or "[::]" ? Environment.MachineName : binding.Host;
        return new Uri($"{binding.Scheme}://{host}:{binding.Port}{SecurityPaths.SignIn}?code={Create()}");
    }

    /// <summary>Makes a code.</summary>
    public string Create()
    {
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        _expiries[Hash(code)] = time.GetUtcNow() + Lifetime;
        return code;
    }

    /// <summary>Uses a code up.</summary>
    /// <returns>False when it is unknown, used or expired.</returns>
    public bool TryUse(string code) => _expiries.TryRemove(Hash(code), out var expiry) && time.GetUtcNow() < expiry;

    private static string Hash(string code) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
}
