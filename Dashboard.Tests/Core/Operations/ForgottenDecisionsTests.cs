using Dashboard.Core.Operations;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Operations;

/// <summary>What operators decided about an instance is kept 30 days after it was last seen, and not a microsecond less.</summary>
public sealed class ForgottenDecisionsTests
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);
    private static readonly Actor Operator = new("ada", ActorKind.Operator);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly InMemoryRegistry _registry;
    private readonly TimedIntents _timed;

    public ForgottenDecisionsTests()
    {
        _registry = new(_time);
        _timed = new(_time);
        foreach (var id in new[] { "a", "b", "c" })
        {
            Do(Registered(id));
            Do(new SetMaintenance(new("orders", id)) { Reason = "disk", Override = true }, Operator);
        }

        Do(new DeregisterInstance(new("orders", "a")));
        Do(new DeregisterInstance(new("orders", "b")));
    }

    [Fact]
    public void AreKeptUntilTheInstanceWasAwayFor30Days_AndThenForgottenOnTheRecord()
    {
        _time.Advance(Kept - TimeSpan.FromMicroseconds(1));
        Assert.Empty(_timed.Due(_registry.Current));

        _time.Advance(TimeSpan.FromMicroseconds(1));
        var forget = Assert.IsType<ForgetDecisions>(Assert.Single(_timed.Due(_registry.Current)));
        Do(forget);

        Assert.Equal([new("orders", "c")], _registry.Current.OperatorStates.Keys);
        var change = _registry.History[^1];
        Assert.Equal(("operator.forget", "orders", "not seen for 30 days"), (change.Action, change.Target, change.Reason));
        Assert.Equal(["a", "b"], change.Changes.Cast<OperatorChange>().Select(forgotten => forgotten.Key.Id).Order());
        Assert.Empty(_timed.Due(_registry.Current));
    }

    [Fact]
    public void OneThatCameBackMeanwhile_KeepsIts()
    {
        _time.Advance(Kept);
        var forget = Assert.Single(_timed.Due(_registry.Current));
        Do(Registered("a"));

        Do(forget);

        Assert.Equal(IntentKind.Maintenance, _registry.Current.FindInstance(new("orders", "a"))!.EffectiveIntent.Kind);
        Assert.False(_registry.Current.OperatorStates.ContainsKey(new("orders", "b")));
        Assert.Empty(_timed.Due(_registry.Current));
    }

    private static RegisterInstance Registered(string id) => new(new("orders", id), new() { Address = "10.0.0." + (id[0] - 'a' + 1), Port = 80 });

    private void Do(RegistryCommand command, Actor? actor = null) => Assert.IsType<CommandResult.Committed>(_registry.Execute(command, actor ?? Actor.System("test")));
}
