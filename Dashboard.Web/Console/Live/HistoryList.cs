namespace Dashboard.Web.Console.Live;

/// <summary>A list that a page reads from the history: one query at a time, and what changed while it ran is read by another one after it.</summary>
/// <param name="query">Reads the list; cancelled when the page is left.</param>
/// <param name="changed">Told after each read, whether it succeeded or not.</param>
/// <param name="again">Told what to do again after a while, where a read failed.</param>
/// <remarks>Used by its page's renderer alone.</remarks>
internal sealed class HistoryList<T>(Func<Task<T[]>> query, Action changed, Action<Func<Task>> again)
{
    private int _asked;

    /// <summary>What was read last; null until something was.</summary>
    public T[]? Items { get; private set; }

    /// <summary>Why the last read failed, for the viewer; null when it did not.</summary>
    public string? Fault { get; private set; }

    public async Task ReadAsync()
    {
        if (_asked++ > 0)
            return;

        try
        {
            int seen;
            do
            {
                seen = _asked;
                Items = await query();
                Fault = null;
            }
            while (seen != _asked);
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception fault)
        {
            Fault = LivePage.Unreadable(fault);
            again(ReadAsync);
        }
        finally
        {
            _asked = 0;
        }

        changed();
    }
}
