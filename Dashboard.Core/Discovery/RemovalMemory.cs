using System.Collections.Immutable;

namespace Dashboard.Core.Discovery;

/// <summary>Which services were deleted lately, so that who resumes is told. Safe for concurrent use.</summary>
internal sealed class RemovalMemory
{
    /// <summary>More are not remembered: who resumes from before them starts from a snapshot.</summary>
    private const int Capacity = 1024;

    private readonly Queue<(string Service, long Revision)> _removals = new();
    private readonly Lock _gate = new();

    // Removals after this revision are all remembered.
    private long _knownAfter = long.MaxValue;

    /// <summary>Services that were deleted after a revision; null when it is too long ago to tell.</summary>
    public ImmutableArray<string>? After(long revision)
    {
        lock (_gate)
        {
            return revision < _knownAfter ? null : [.. _removals.Where(removal => removal.Revision > revision).Select(removal => removal.Service).Distinct()];
        }
    }

    /// <summary>Nothing is known of what was deleted up to this revision.</summary>
    public void Restart(long revision)
    {
        lock (_gate)
        {
            _removals.Clear();
            _knownAfter = revision;
        }
    }

    public void Note(string service, long revision)
    {
        lock (_gate)
        {
            if (_removals.Count == Capacity)
                _knownAfter = _removals.Dequeue().Revision;

            _removals.Enqueue((service, revision));
        }
    }
}
