using System.Security.Cryptography;
using System.Text;
using Dashboard.Core.Health.Leases;

namespace Dashboard.Core.Replicas;

/// <summary>
/// What signs in at this console, as consoles on one registry compare it: a keyed hash under the secret that they share through the database, so that whoever reads it on the way can neither use it
/// nor try guesses on it.
/// </summary>
/// <param name="signIn">Differs where another token signs in.</param>
public sealed class SignInMark(LeaseKeeper leases, string signIn)
{
    /// <summary>The mark in base64; null before the secret was read.</summary>
    public string? Current => leases.Secret is { } secret ? Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(signIn))) : null;
}
