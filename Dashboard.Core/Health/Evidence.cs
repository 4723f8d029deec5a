using System.Text;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>Makes what a peer said safe to keep and show.</summary>
internal static class Evidence
{
    /// <summary>One line without control characters, at most <see cref="HealthState.MaxOutputLength"/> characters.</summary>
    public static string Clean(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var clean = new StringBuilder(Math.Min(text.Length, HealthState.MaxOutputLength));
        foreach (var character in text)
        {
            if (clean.Length == HealthState.MaxOutputLength)
            {
                break;
            }

            // Lone surrogates cannot be stored as UTF-8; control characters could steer a terminal that shows the audit.
            clean.Append(char.IsControl(character) ? ' ' : char.IsSurrogate(character) ? '\uFFFD' : character);
        }

        return clean.ToString().Trim();
    }

    public static string Milliseconds(TimeSpan duration) => duration.TotalMilliseconds switch
    {
        < 10 => $"{duration.TotalMilliseconds:0.0} ms",
        _ => $"{duration.TotalMilliseconds:0} ms",
    };
}
