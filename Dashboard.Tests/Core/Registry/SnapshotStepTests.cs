using System.Collections.Immutable;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;

namespace Dashboard.Tests.Core.Registry;

/// <summary>One change that is about many services, and what makes two registrations the same.</summary>
public sealed class SnapshotStepTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ServiceDefinition Definition = new(ServiceSettings.Default, 1);

    [Fact]
    public void AChangeOfManyServices_LeavesWhatEachOfItsEntitiesSaysLast()
    {
        var after = Step(
            Step(RegistrySnapshot.Empty(Guid.NewGuid(), Now), Put("a"), Put("b"), Put("c"), Registered("a"), Registered("b"), Registered("c")),
            Gone("a"), Registered("b", port: 81), new ServiceChange("a", Definition, null), Registered("b", port: 82), Put("d"), Registered("d"), Gone("c"), Registered("a"));

        Assert.Equal(["b", "c", "d"], after.Services.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(82, after.FindInstance(new("b", "i-1"))?.Registration.Port);
        Assert.Empty(after.Services["c"].Instances);
        Assert.Equal(80, after.FindInstance(new("d", "i-1"))?.Registration.Port);
        Assert.Equal(2, after.InstanceCount);
        Assert.All(after.Services.Values, service => Assert.Equal(2, service.Revision));
        Assert.Equal(["b/i-1", "d/i-1"], after.Nodes["host"].Instances.Select(key => key.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void AServiceThatGoesAndComesBackInOneChange_IsThere_WithNothingOfBefore()
    {
        var before = Step(RegistrySnapshot.Empty(Guid.NewGuid(), Now), Put("a"), Registered("a"), Put("b"));

        var after = Step(before, Put("b"), Gone("a"), new ServiceChange("a", Definition, null), Put("a"), Registered("b"));

        Assert.Empty(after.Services["a"].Instances);
        Assert.Single(after.Services["b"].Instances);
    }

    [Fact]
    public void ARenewedRegistration_OnAnotherHost_LeavesTheFirst()
    {
        var before = Step(RegistrySnapshot.Empty(Guid.NewGuid(), Now), Put("a"), Registered("a"));

        var same = Step(before, Registered("a", port: 81));
        var moved = Step(same, Registered("a", node: "other"));

        Assert.Equal("host", Assert.Single(same.Nodes).Key);
        Assert.Equal("other", Assert.Single(moved.Nodes).Key);
        Assert.Equal(new InstanceKey("a", "i-1"), Assert.Single(moved.Nodes["other"].Instances));
    }

    [Theory]
    [InlineData("a=1 b=2", "b=2 a=1", true)]
    [InlineData("", "", true)]
    [InlineData("a=1", "a=2", false)]
    [InlineData("a=1", "b=1", false)]
    [InlineData("a=1", "A=1", false)]
    [InlineData("a=1", "a=1 b=2", false)]
    [InlineData("a=1 b=2", "a=1", false)]
    [InlineData("", "a=1", false)]
    public void Registrations_AreTheSame_WhenTheirMetadataSayTheSame(string one, string other, bool same)
    {
        Assert.Equal(same, With(one) == With(other));
        Assert.NotEqual(With(one) with { Port = 81 }, With(one));
    }

    [Fact]
    public void ARegistrationThatSaysNothingNew_IsNoChange_AndOneWithOtherMetadataIs()
    {
        var snapshot = Step(RegistrySnapshot.Empty(Guid.NewGuid(), Now), Put("a"), new InstanceChange(new("a", "i-1"), null, new(With("build=1"), 1, Now)));

        Assert.Empty(Accepted(snapshot, With("build=1")).Changes);
        Assert.NotEmpty(Accepted(snapshot, With("build=2")).Changes);
    }

    private static Decision.Accepted Accepted(RegistrySnapshot snapshot, Registration registration) =>
        Assert.IsType<Decision.Accepted>(new RegisterInstance(new("a", "i-1"), registration).Decide(snapshot, new(Actor.System("test"), Now, snapshot.Revision + 1)));

    private static RegistrySnapshot Step(RegistrySnapshot from, params ImmutableArray<EntityChange> changes) =>
        from.Apply(new() { Revision = from.Revision + 1, At = Now, Actor = Actor.System("test"), Action = "test", Target = "test", Changes = changes });

    private static ServiceChange Put(string service) => new(service, null, Definition);

    private static InstanceChange Registered(string service, int port = 80, string node = "host") =>
        new(new(service, "i-1"), null, new(new() { Address = "10.0.0.1", Port = port, Node = node }, 1, Now));

    private static InstanceChange Gone(string service) => new(new(service, "i-1"), Registered(service).After, null);

    private static Registration With(string metadata) => new()
    {
        Address = "10.0.0.1",
        Port = 80,
        Metadata = metadata.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToImmutableSortedDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal),
    };
}
