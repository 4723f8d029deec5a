using System.Globalization;
using System.Runtime.InteropServices;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>The unprivileged account that Postgres runs under when the console itself is root, which Postgres refuses.</summary>
internal sealed record PostgresAccount(string Name, uint UserId, uint GroupId)
{
    // In this order: an account made for the console, the distribution's own, and the one that every system has.
    private static readonly string[] Names = ["dashboard", "postgres", "nobody"];

    /// <summary>The account to change to, or null where this process is not root and simply stays who it is.</summary>
    /// <exception cref="EmbeddedPostgresException">This process is root and the system has no such account.</exception>
    public static PostgresAccount? Needed()
    {
        if (OperatingSystem.IsWindows() || GetEffectiveUserId() != 0)
            return null;

        var entries = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(f => f.Length > 3).ToLookup(f => f[0]);
        foreach (var name in Names)
        {
            if (entries[name].FirstOrDefault() is { } f
                && uint.TryParse(f[2], CultureInfo.InvariantCulture, out var user) && user != 0
                && uint.TryParse(f[3], CultureInfo.InvariantCulture, out var group))
            {
                return new PostgresAccount(name, user, group);
            }
        }

        throw new EmbeddedPostgresException("Postgres does not run as root, and this system has none of the accounts "
            + $"{string.Join(", ", Names)} to run it under. Create one, start the console as an ordinary user, or set ConnectionStrings:Registry.");
    }

    /// <summary>Hands <paramref name="path"/> itself, not what is in it, to this account.</summary>
    public void Own(string path)
    {
        if (ChangeOwner(path, UserId, GroupId) != 0)
            throw new EmbeddedPostgresException($"{path} cannot be handed to the account {Name}: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint GetEffectiveUserId();

    [DllImport("libc", EntryPoint = "lchown", SetLastError = true)]
    private static extern int ChangeOwner([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);
}
