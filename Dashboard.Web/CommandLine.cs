namespace Dashboard.Web;

/// <summary>The program's arguments before they become configuration.</summary>
public static class CommandLine
{
    /// <summary>A bare <c>--demo</c> means <c>--demo=true</c>: the configuration's parser would drop it, or take the next argument for its value.</summary>
    public static string[] Rewrite(string[] arguments) =>
        [.. arguments.Select(argument => argument.Equals("--demo", StringComparison.OrdinalIgnoreCase) ? "--demo=true" : argument)];

    /// <summary>The role: <c>--role=</c>, else the environment's <c>DASHBOARD_ROLE</c>, else <c>console</c>.</summary>
    public static string RoleOf(string[] arguments) =>
        new ConfigurationBuilder().AddEnvironmentVariables("DASHBOARD_").AddCommandLine(arguments).Build()["role"]?.ToLowerInvariant() ?? "console";
}
