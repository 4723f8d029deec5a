namespace Dashboard.Core.Discovery.Agent;

/// <summary>What HAProxy's <c>agent-send</c> says: <c>service/instance</c>, and after a space the name of the HAProxy that asks, where it was given one.</summary>
public readonly record struct AgentQuestion(string Service, string Instance, string? Asker)
{
    /// <summary>Longest line that is read.</summary>
    public const int MaxLength = 512;

    private const int MaxAsker = 64;

    /// <summary>Reads a line without its end; null when it says something else.</summary>
    public static AgentQuestion? Parse(ReadOnlySpan<char> line)
    {
        line = line.Trim();
        var asker = "";
        if (line.IndexOf(' ') is var space and > 0)
        {
            asker = line[(space + 1)..].Trim().ToString();
            line = line[..space];
        }

        var slash = line.IndexOf('/');
        return slash > 0 && slash < line.Length - 1 && asker.Length <= MaxAsker && asker.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' or ':')
            ? new(line[..slash].ToString(), line[(slash + 1)..].ToString(), asker.Length == 0 ? null : asker)
            : null;
    }
}
