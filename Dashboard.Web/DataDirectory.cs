namespace Dashboard.Web;

/// <summary>Where the program keeps what it must remember.</summary>
public static class DataDirectory
{
    /// <summary><c>Data:Directory</c>, else the user's data folder; for root <c>/var/lib/dashboard</c>.</summary>
    public static string Of(IConfiguration configuration)
    {
        if (configuration["Data:Directory"] is { Length: > 0 } configured)
        {
            return Path.GetFullPath(configured);
        }

        return OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
            ? "/var/lib/dashboard"
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "dashboard");
    }
}
