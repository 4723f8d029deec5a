using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Dashboard.Web.Security;

/// <summary>The one secret that signs in, in a browser or as a bearer token.</summary>
public sealed class AdminToken
{
    /// <summary>The file in the data directory that keeps a generated token, readable by its owner alone.</summary>
    public const string FileName = "admin-token";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly byte[] _hash;

    private AdminToken(string value, bool isGenerated)
    {
        Value = value;
        IsGenerated = isGenerated;
        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(value));
        Fingerprint = Convert.ToHexString(SHA256.HashData(_hash))[..16];
    }

    public string Value { get; }

    /// <summary>False when it was configured.</summary>
    public bool IsGenerated { get; }

    /// <summary>Tells tokens apart without telling them: sessions end when it changes.</summary>
    public string Fingerprint { get; }

    /// <summary>Takes the configured token, else the one in the data directory, else generates that.</summary>
    /// <exception cref="IOException">The data directory cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static AdminToken Load(SecurityOptions options)
    {
        if (!string.IsNullOrWhiteSpace(options.AdminToken))
            return new AdminToken(options.AdminToken.Trim(), isGenerated: false);

        if (options.DataDirectory is null)
            return new AdminToken(Generate(), isGenerated: true);
        Directory.CreateDirectory(options.DataDirectory);
        var path = Path.Combine(options.DataDirectory, FileName);
        return new AdminToken(ReadFrom(path) ?? GenerateTo(path), isGenerated: true);
    }

    /// <summary>Whether a token is this one, in a time that does not depend on how much of it is right.</summary>
    public bool Matches(string candidate) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(candidate)), _hash);

    /// <summary>The same without hashing, for who asks thousands of times a second: the time tells the length of the token and nothing else.</summary>
    public bool MatchesExactly(ReadOnlySpan<char> candidate) => CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(candidate), MemoryMarshal.AsBytes(Value.AsSpan()));

    private static string Generate() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static string? ReadFrom(string path) =>
        File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } token ? token : null;

    private static string GenerateTo(string path)
    {
        var token = Generate();
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            // The mode counts only for a file that is made here.
            File.Delete(path);
            options.UnixCreateMode = OwnerOnly;
        }

        using var file = new StreamWriter(path, options);
        file.WriteLine(token);
        return token;
    }
}
