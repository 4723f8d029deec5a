using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Commands;
using Dashboard.Core.Registry;
using Dashboard.Tests.Core.Registry;

namespace Dashboard.Tests.Core.Attention;

/// <summary>Acknowledging and silencing are decided like every act: from the registry as it is, and audited.</summary>
public sealed class AlertMarkTests
{
    private static readonly Finding Unhealthy = new(new(AlertRule.InstanceUnhealthy, "orders/a"), "a is unhealthy", "", "/") { Service = "orders", Instance = "a", Node = "n-a" };
    private static readonly Alert Firing = new(Unhealthy, AlertSeverity.Warning, AlertState.Firing, Gens.Start);

    private readonly World _world = new();

    [Fact]
    public void AnAcknowledgement_TakesThePlaceOfTheFormer_AndEndsAfterADay()
    {
        var first = _world.Do(new AcknowledgeAlert(Firing) { Reason = "on it" });
        var second = _world.Do(new AcknowledgeAlert(Firing, Gens.Start.AddHours(2)), new("bob", ActorKind.Operator));

        Assert.Equal(("alert.acknowledge", "alert:instanceUnhealthy:orders/a", "on it"), (first.Change!.Action, first.Change.Target, first.Change.Reason));
        Assert.Equal(Gens.Start + AcknowledgeAlert.Default, Assert.IsType<AlertMarkChange>(first.Change.Changes.Single()).After!.Until);
        var mark = Assert.Single(_world.Now.AlertMarks).Value;
        Assert.Equal((second.Revision, "bob", Gens.Start.AddHours(2), "instanceUnhealthy:orders/a"), (mark.Id, mark.Actor, mark.Until, mark.Match.Alert));
        Assert.True(Alert.Covers(mark.Match, Unhealthy));
        Assert.False(Alert.Covers(mark.Match, new(new(AlertRule.InstanceUnhealthy, "orders/b"), "", "", "/") { Service = "orders" }));
    }

    [Fact]
    public void ASilence_NeedsAReasonAMatchAndAnEnd_AndIsEndedOnce()
    {
        Assert.Contains("reason", Refused(new SilenceAlerts(new(Service: "orders"), Gens.Start.AddHours(1))), StringComparison.Ordinal);
        Assert.Contains("everything", Refused(new SilenceAlerts(new(), Gens.Start.AddHours(1)) { Reason = "quiet" }), StringComparison.Ordinal);
        Assert.Contains("past", Refused(new SilenceAlerts(new(Service: "orders"), Gens.Start) { Reason = "quiet" }), StringComparison.Ordinal);
        Assert.Contains("30 days", Refused(new SilenceAlerts(new(Service: "orders"), Gens.Start.AddDays(31)) { Reason = "quiet" }), StringComparison.Ordinal);

        var id = _world.Do(new SilenceAlerts(new(Service: "orders"), Gens.Start.AddHours(1)) { Reason = "quiet" }).Revision;
        Assert.Equal("quiet", _world.Now.AlertMarks[id].Reason);
        _world.Do(new EndAlertMark(id));
        Assert.Empty(_world.Now.AlertMarks);
        Assert.Contains("There is no silence", Refused(new EndAlertMark(id)), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsCleared_IsClearedByOneConsole_AndTheOtherFindsNothingToDo()
    {
        var id = _world.Do(new SilenceAlerts(new(Service: "orders"), Gens.Start.AddHours(1)) { Reason = "quiet" }).Revision;

        Assert.NotNull(_world.Do(new ClearAlertMarks([id, 4711]), Actor.System("attention")).Change);
        Assert.Null(_world.Do(new ClearAlertMarks([id, 4711]), Actor.System("attention")).Change);
    }

    [Fact]
    public void AlertsAndServices_KnowNothingOfEachOther()
    {
        var world = World.With(2);
        var before = world.Now.Services;

        world.Do(new SilenceAlerts(new(Service: "orders"), Gens.Start.AddHours(1)) { Reason = "quiet" });

        Assert.Same(before["orders"], world.Now.Services["orders"]);
    }

    [Fact]
    public void AFingerprint_IsTheSameInEveryProcess()
    {
        // FNV-1a, 64 bits, of the key as text.
        Assert.Equal("4776b8f5c8a5efad", Firing.Id);
        Assert.Equal(Firing.Id, AlertKey.FingerprintOf("instanceUnhealthy:orders/a"));
    }

    private string Refused(RegistryCommand command) => Assert.IsType<CommandResult.Refused>(_world.Registry.Execute(command, World.Ann)).Refusal.Message;
}
