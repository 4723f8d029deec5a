using Dashboard.Core.Registry;

namespace Dashboard.Core.Operations;

/// <summary>What a tracker has seen of each thing that it follows, by id. Guarded by its tracker's lock.</summary>
internal sealed class Memories<T>
    where T : class, new()
{
    private readonly Dictionary<long, T> _memories = [];
    private Guid _generation;

    public int Count => _memories.Count;

    public IEnumerable<KeyValuePair<long, T>> All => _memories;

    /// <summary>What was seen of it; begun when there was nothing yet.</summary>
    public T Of(long id)
    {
        if (!_memories.TryGetValue(id, out var memory))
            _memories[id] = memory = new();

        return memory;
    }

    public T? Find(long id) => _memories.GetValueOrDefault(id);

    /// <summary>Drops what is over, and all of another generation: that one numbers anew.</summary>
    public void Forget(RegistrySnapshot snapshot, Func<long, T, bool> isOver)
    {
        if (_generation != snapshot.Generation)
        {
            _memories.Clear();
            _generation = snapshot.Generation;
        }

        foreach (var (id, memory) in _memories)
        {
            if (isOver(id, memory))
                _memories.Remove(id);
        }
    }
}
