using System.Numerics;

namespace Dashboard.Core.Balancing;

/// <summary>
/// A set of candidates by index, one bit each, over words that the caller owns (on the stack or kept with the list), so that excluding costs no allocation.
/// The empty mask excludes nobody.
/// </summary>
public readonly ref struct CandidateMask(ReadOnlySpan<ulong> words)
{
    private readonly ReadOnlySpan<ulong> _words = words;

    /// <summary>True when nothing can be in it.</summary>
    public bool IsEmpty => _words.IsEmpty;

    /// <summary>How many words a mask over <paramref name="candidates"/> candidates needs.</summary>
    public static int WordsFor(int candidates) => (candidates + 63) >> 6;

    /// <summary>Adds a candidate to a mask that is being written.</summary>
    public static void Add(Span<ulong> words, int index) => words[index >> 6] |= 1UL << index;

    public bool Contains(int index) => (uint)(index >> 6) < (uint)_words.Length && (_words[index >> 6] & (1UL << index)) != 0;

    /// <summary>How many of the first <paramref name="candidates"/> candidates are in it.</summary>
    public int Count(int candidates)
    {
        var count = 0;
        for (var word = 0; word < _words.Length && word << 6 < candidates; word++)
        {
            count += BitOperations.PopCount(_words[word] & Relevant(word, candidates));
        }

        return count;
    }

    private static ulong Relevant(int word, int candidates)
    {
        var rest = candidates - (word << 6);
        return rest >= 64 ? ulong.MaxValue : (1UL << rest) - 1;
    }
}
