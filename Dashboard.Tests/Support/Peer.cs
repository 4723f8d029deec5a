namespace Dashboard.Tests.Support;

/// <summary>Foreign programs that tests run against. Missing: the test fails under CI, elsewhere it is skipped by name with the line that installs it.</summary>
public static class Peer
{
    /// <summary>The program's path, taken from PATH.</summary>
    public static string Require(string name, string install)
    {
        if (Find(name) is { } path)
        {
            return path;
        }

        var message = $"{name} is not on PATH; install it with: {install}";
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail(message);
        }

        Assert.Skip(message);
        return name;
    }

    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);
}
