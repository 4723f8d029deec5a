using System.Globalization;

namespace Dashboard.Web.Console.Acts;

internal static class WholeNumber
{
    /// <summary>The number that was typed; null when it is none, has decimals or is out of range.</summary>
    public static int? Parse(string? text, int least, int most) =>
        int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value : null;
}
