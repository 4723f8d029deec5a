using Dashboard.Core.Operations;
using Dashboard.Core.Registry;

namespace Dashboard.Tests.Core.Operations;

public sealed class MemoriesTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void WhatIsOver_IsForgotten_AndAnotherGenerationKnowsNothing()
    {
        var memories = new Memories<List<string>>();
        var before = RegistrySnapshot.Empty(Guid.NewGuid(), Now);
        memories.Forget(before, (_, _) => false);
        memories.Of(1).Add("seen");
        memories.Of(2).Add("seen");

        memories.Forget(before, (id, _) => id == 1);

        Assert.Null(memories.Find(1));
        Assert.Equal(["seen"], memories.Find(2)!);
        // A restored registry numbers anew: its second operation is another one.
        memories.Forget(RegistrySnapshot.Empty(Guid.NewGuid(), Now), (_, _) => false);
        Assert.Equal((0, null), (memories.Count, memories.Find(2)));
        Assert.Empty(memories.Of(2));
    }
}
