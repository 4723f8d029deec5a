namespace Dashboard.Tests.Support;

/// <summary>Where the build put the npm packages, the embedded Postgres among them.</summary>
public static class PostgresPackages
{
    /// <summary>The <c>node_modules</c> of this clone.</summary>
    public static IReadOnlyList<string> Directories { get; } = [Path.Combine(FindRoot(), "Dashboard.Web", "Client", "node_modules")];

    /// <summary>The top directory of this clone.</summary>
    public static string Root => FindRoot();

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Dashboard.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException($"No Dashboard.sln above {AppContext.BaseDirectory}.");
    }
}
