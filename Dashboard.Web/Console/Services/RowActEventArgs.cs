namespace Dashboard.Web.Console.Services;

/// <summary>A button of a table's row was pressed. The buttons are finished markup without handlers of their own: start.js tells the table of each press, which hears it in one place.</summary>
public sealed class RowActEventArgs : EventArgs
{
    public const string Drain = "drain";
    public const string Maintain = "maintain";
    public const string Undrain = "undrain";

    /// <summary>The row, by what its table calls it.</summary>
    public string Row { get; set; } = "";

    /// <summary>What is to be done.</summary>
    public string Act { get; set; } = "";
}
