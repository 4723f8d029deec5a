using Dashboard.Core.Postgres.Rows;
using Dashboard.Core.Registry;
using Dashboard.Tests.Core.Registry;
using Xunit;

namespace Dashboard.Tests.Core.Postgres;

public sealed class ChangeRowTests
{
    private static readonly InstanceKey Key = new("orders", "a");
    private static readonly InstanceEntry Entry = new(new() { Address = "10.0.0.1", Port = 8080 }, 1, Gens.Start);
    private static readonly HealthState Healthy = new(HealthStatus.Healthy, Gens.Start, "seen", 3);

    [Fact]
    public void Touched_OneInstance_IsItsServiceAndItself() =>
        Assert.Equal(["orders", "orders/a"], Row(Key.ToString(), new InstanceChange(Key, null, Entry), new HealthChange(Key, null, Healthy)).Touched);

    [Fact]
    public void Touched_TwoInstances_AreBothInOrder() =>
        Assert.Equal(["orders", "orders/a", "orders/b"], Row("orders/b", new InstanceChange(Key, Entry, null), new InstanceChange(new("orders", "b"), null, Entry)).Touched);

    [Fact]
    public void Touched_TargetIsNotTheInstance_IsNamedToo() =>
        Assert.Equal(["orders", "orders/a", "plan:7"], Row("plan:7", new HealthChange(Key, Healthy, null)).Touched);

    [Fact]
    public void Hash_RowsOfAnySizeOneAfterTheOther_IsOfThatRowAlone()
    {
        var small = Row("orders/a", new InstanceChange(Key, null, Entry));
        // Larger than what is kept for the next.
        var large = Row("orders/a", new HealthChange(Key, null, Healthy with { Output = new('x', 200_000) }));

        Assert.Equal(small.Hash, Row("orders/a", new InstanceChange(Key, null, Entry)).Hash);
        Assert.Equal(large.Hash, large.ComputeHash());
        Assert.NotEqual(small.Hash, large.Hash);
    }

    [Fact]
    public void Storable_NulAndHalvesOfCharacters_AreReplaced()
    {
        // Not as a theory: what runs the tests cannot hand on half a character either.
        (string Text, string Stored)[] cases =
        [
            ("plain", "plain"), ("a\0b", "a\ufffdb"), ("smile \ud83d\ude00", "smile \ud83d\ude00"),
            ("half \ud83d", "half \ufffd"), ("\ude00 half", "\ufffd half"), ("\ud83d\ude00\ud83d", "\ud83d\ude00\ufffd"),
        ];

        foreach (var (text, stored) in cases)
            Assert.Equal(stored, ChangeRow.Storable(text));
    }

    private static ChangeRow Row(string target, params EntityChange[] changes) => ChangeRow.From(
        new() { Revision = 7, At = Gens.Start, Actor = new("ann", ActorKind.Operator, "192.0.2.1"), Action = "instance.register", Target = target, Changes = [.. changes] },
        [.. ChangeRow.NoHash]);
}
