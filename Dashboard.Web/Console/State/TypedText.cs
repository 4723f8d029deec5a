namespace Dashboard.Web.Console.State;

/// <summary>
/// The text of a field whose value also stands in the address. The address follows what is typed, a moment later and letter by letter: what comes back from there is an echo and must not overwrite what was
/// typed since. What comes from elsewhere (a link, the way back) counts.
/// </summary>
internal sealed class TypedText
{
    private readonly Queue<string> _sent = new();
    private string _given = "";

    /// <summary>What the field shows.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The operator typed.</summary>
    public void Type(string text)
    {
        Text = text;
        _sent.Enqueue(text);
    }

    /// <summary>The address says.</summary>
    /// <returns>True when it is news, and the field shows it now.</returns>
    public bool Give(string? text)
    {
        text ??= "";
        if (text == _given)
            return false;

        _given = text;
        if (_sent.Contains(text))
        {
            while (_sent.Dequeue() != text)
            {
                // An echo that the address went past.
            }

            return false;
        }

        _sent.Clear();
        var news = text != Text;
        Text = text;
        return news;
    }
}
