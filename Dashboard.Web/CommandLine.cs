namespace Dashboard.Web;

/// <summary>The program's arguments before they become configuration.</summary>
public static class CommandLine
{
    /// <summary>A bare <c>--demo</c> means <c>--demo=true</c>: the configuration's parser would drop it, or take the next argument for its value.</summary>
    public static string[] Rewrite(string[] arguments) =>
        [.. arguments.Select(argument => argument.Equals("--demo", StringComparison.OrdinalIgnoreCase) ? "--demo=true" : argument)];

    /// <summary>
    /// What the configuration's parser would drop without a word, or take for something else: a word that belongs to no setting, a setting without a value, one
    /// that nobody reads. What follows an equals sign is not repeated: it may be a secret.
    /// </summary>
    /// <param name="skip">Leading words that are a command of its own.</param>
    /// <param name="flag">An argument that stands alone.</param>
    public static IReadOnlyList<string> FaultsOf(string[] arguments, int skip = 0, string? flag = null)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var faults = new List<string>();
        for (var i = skip; i < arguments.Length; i++)
        {
            var argument = arguments[i];
            if (argument == flag)
                continue;

            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? argument : argument[..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal))
            {
                faults.Add(i == 0 && equals < 0 && char.IsAsciiLetter(name[0])
                    ? $"{name}: there is no such command; there are audit verify, backup and restore"
                    : $"argument {i + 1}: is no setting; they are given as --Key=value");
                continue;
            }

            if (!StartSettings.IsKnown(name[2..]))
                faults.Add($"{name}: is no setting; the README lists them under Configuration");

            if (equals >= 0)
                continue;

            if (i + 1 < arguments.Length && arguments[i + 1] != flag && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
                i++;
            else
                faults.Add($"{name}: has no value; give one as {name}=value");
        }

        return faults;
    }

    /// <summary>The role: <c>--role=</c>, else the environment's <c>DASHBOARD_ROLE</c>, else <c>console</c>.</summary>
    public static string RoleOf(string[] arguments) =>
        new ConfigurationBuilder().AddEnvironmentVariables("DASHBOARD_").AddCommandLine(arguments).Build()["role"]?.ToLowerInvariant() ?? "console";
}
