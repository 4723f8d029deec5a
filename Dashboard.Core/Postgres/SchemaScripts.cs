using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Dashboard.Core.Postgres;

/// <summary>The schema scripts of <c>db/</c> that this program was built with.</summary>
internal static partial class SchemaScripts
{
    /// <summary>The numbered scripts, in order: name and text.</summary>
    public static ImmutableArray<(string Name, string Text)> Numbered { get; } = [.. Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith("db/0", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .Select(name => (name, Read(name)))];

    /// <summary>The tables that the scripts make, without their partitions: what else stands in the schema is somebody else's.</summary>
    public static ImmutableHashSet<string> Tables { get; } = [.. Numbered.SelectMany(script => TableNames().Matches(script.Text)).Select(match => match.Groups[1].Value)];

    /// <summary>What the application's role may do, applied after each upgrade.</summary>
    public static string Grants { get; } = Read("db/grants.sql");

    /// <summary>The number of the newest script.</summary>
    public static int Newest { get; } = NumberOf(Numbered[^1].Name);

    /// <summary>The number in a script's name, <c>db/0003_words.sql</c>; 0 for a name without one.</summary>
    public static int NumberOf(string name) =>
        name.StartsWith("db/", StringComparison.Ordinal) && int.TryParse(name.AsSpan(3, Math.Min(4, name.Length - 3)), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?([a-z][a-z0-9_]*)\s*\(", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex TableNames();
}
