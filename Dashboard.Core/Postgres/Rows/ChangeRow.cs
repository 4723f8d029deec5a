using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Postgres.Rows;

/// <summary>One row of the change log, byte for byte as it is stored, with the hash that chains it to the row before.</summary>
internal sealed class ChangeRow
{
    /// <summary>What the first row of all follows.</summary>
    public static readonly ImmutableArray<byte> NoHash = [.. new byte[SHA256.HashSizeInBytes]];

    // A row of usual size is hashed in the same bytes again and again; what a large one took is let go.
    private const int LargestScratch = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    private byte[] _hash = [];

    public required long Revision { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Actor { get; init; }

    public required string ActorKind { get; init; }

    public string? Address { get; init; }

    public required string Action { get; init; }

    public required string Target { get; init; }

    public string? Reason { get; init; }

    public long? Operation { get; init; }

    public required string[] Touched { get; init; }

    public required string Before { get; init; }

    public required string After { get; init; }

    public required byte[] PreviousHash { get; init; }

    public required byte[] Hash
    {
        get => _hash;
        init => _hash = value;
    }

    /// <summary>The row for <paramref name="change"/>, which follows the row with <paramref name="previousHash"/>.</summary>
    public static ChangeRow From(RegistryChange change, byte[] previousHash)
    {
        var row = new ChangeRow
        {
            Revision = change.Revision,
            At = change.At,
            Actor = Storable(change.Actor.Name),
            ActorKind = change.Actor.Kind.ToString(),
            Address = change.Actor.Address is { } address ? Storable(address) : null,
            Action = change.Action,
            Target = Storable(change.Target),
            Reason = change.Reason is { } reason ? Storable(reason) : null,
            Operation = change.Operation,
            Touched = TouchedBy(change),
            Before = ChangeDocument.TextBefore(change.Changes),
            After = ChangeDocument.TextAfter(change.Changes),
            PreviousHash = previousHash,
            Hash = [],
        };
        row._hash = row.ComputeHash();
        return row;
    }

    /// <summary>The change that the row holds.</summary>
    public RegistryChange ToChange() => new()
    {
        Revision = Revision,
        At = At,
        Actor = new(Actor, Enum.Parse<ActorKind>(ActorKind), Address),
        Action = Action,
        Target = Target,
        Reason = Reason,
        Operation = Operation,
        Changes = ChangeDocument.Read(Encoding.UTF8.GetBytes(Before), Encoding.UTF8.GetBytes(After)),
    };

    /// <summary>
    /// SHA-256 over the previous hash and every column in order: numbers as 8 bytes, big-endian (the time in microseconds since
    /// 1970), texts as UTF-8 after their length in bytes as 4 bytes, -1 for null.
    /// </summary>
    public byte[] ComputeHash()
    {
        var buffer = _scratch ??= new(4096);
        buffer.ResetWrittenCount();
        buffer.Write(PreviousHash);
        Append(buffer, Revision);
        Append(buffer, (At - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        Append(buffer, Actor);
        Append(buffer, ActorKind);
        Append(buffer, Address);
        Append(buffer, Action);
        Append(buffer, Target);
        Append(buffer, Reason);
        Append(buffer, Operation ?? -1);
        Append(buffer, Touched.Length);
        foreach (var name in Touched)
            Append(buffer, name);
        Append(buffer, Before);
        Append(buffer, After);
        var hash = SHA256.HashData(buffer.WrittenSpan);
        if (buffer.Capacity > LargestScratch)
            _scratch = null;
        return hash;
    }

    /// <summary>Postgres keeps neither NUL nor half a surrogate pair in a text; what somebody sent of that kind must not stop the writer.</summary>
    public static string Storable(string text)
    {
        if (!text.Contains('\0') && !HasLoneSurrogate(text))
            return text;

        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            clean.Append(rune.Value == 0 ? Rune.ReplacementChar.ToString() : rune.ToString());
        return clean.ToString();
    }

    private static bool HasLoneSurrogate(string text)
    {
        // Hardly any text has a surrogate at all, and that is seen at once.
        var first = text.AsSpan().IndexOfAnyInRange('\ud800', '\udfff');
        for (var i = first; i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return true;
            i++;
        }

        return false;
    }

    private static string[] TouchedBy(RegistryChange change)
    {
        // A registration or one instance's health, by far the most frequent: what the set below would come to.
        if (IsOfItsTargetAlone(change, out var alone))
            return [Storable(alone.Service), Storable(change.Target)];

        var names = new SortedSet<string>(StringComparer.Ordinal) { change.Target };
        foreach (var entity in change.Changes)
        {
            switch (entity)
            {
                case ServiceChange c:
                    names.Add(c.Name);
                    break;
                case BrakeChange c:
                    names.Add(c.Service);
                    break;
                case InstanceChange c:
                    Add(c.Key);
                    break;
                case HealthChange c:
                    Add(c.Key);
                    break;
                case OperatorChange c:
                    Add(c.Key);
                    break;
                case NodeChange c:
                    names.Add("node:" + c.Name);
                    break;
                case FollowerChange c:
                    names.Add("follower:" + c.Id);
                    break;
                case PlanChange { Before: null, After: { } opened }:
                    names.Add($"plan:{opened.Id}");
                    foreach (var key in opened.Asked.Keys)
                        Add(key);
                    if (opened.Asked.Selection.Node is { } node)
                        names.Add("node:" + node);
                    break;
                case PlanChange c:
                    names.Add($"plan:{c.Id}");
                    // That a plan pauses or ends concerns whatever it moves; each of its steps names what it moves itself.
                    if (c.Before?.State != c.After?.State)
                        names.UnionWith((c.After ?? c.Before)?.Definition?.Services ?? []);
                    break;
                case AlertMarkChange c:
                    if ((c.After ?? c.Before)?.Match is { } match)
                    {
                        if (match.Service is { } service)
                            names.Add(service);
                        if (match is { Service: { } of, Instance: { } id })
                            names.Add(new InstanceKey(of, id).ToString());
                        if (match.Node is { } on)
                            names.Add("node:" + on);
                    }

                    break;
                case OperationChange c:
                    foreach (var key in (c.After ?? c.Before)?.Instances ?? [])
                        Add(key);
                    break;
            }
        }

        return [.. names.Select(Storable)];

        void Add(InstanceKey key)
        {
            names.Add(key.Service);
            names.Add(key.ToString());
        }
    }

    private static bool IsOfItsTargetAlone(RegistryChange change, out InstanceKey key)
    {
        key = default;
        foreach (var entity in change.Changes)
        {
            InstanceKey? of = entity switch { InstanceChange c => c.Key, HealthChange c => c.Key, _ => null };
            if (of is not { } one || (key != default && one != key))
                return false;
            key = one;
        }

        return key != default && change.Target == key.ToString();
    }

    private static void Append(ArrayBufferWriter<byte> buffer, long number)
    {
        BinaryPrimitives.WriteInt64BigEndian(buffer.GetSpan(8), number);
        buffer.Advance(8);
    }

    private static void Append(ArrayBufferWriter<byte> buffer, string? text)
    {
        var length = text is null ? -1 : Encoding.UTF8.GetByteCount(text);
        BinaryPrimitives.WriteInt32BigEndian(buffer.GetSpan(4), length);
        buffer.Advance(4);
        if (text is null)
            return;
        Encoding.UTF8.GetBytes(text, buffer.GetSpan(length));
        buffer.Advance(length);
    }
}
