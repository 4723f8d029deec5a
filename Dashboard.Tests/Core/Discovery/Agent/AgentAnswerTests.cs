using Dashboard.Core.Discovery.Agent;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Tests.Support;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery.Agent;

public sealed class AgentAnswerTests
{
    private readonly ServingSet _set = ServingSets.Of(
        "orders", ServingSets.Endpoint("o-1", "10.0.0.1", weight: 300), ServingSets.Endpoint("o-2", "10.0.0.2", weight: 100), ServingSets.Endpoint("o-3", "10.0.0.3", weight: 1)) with
    {
        Total = 6,
        Leaving =
        [
            new("o-4", "10.0.0.4", 80, IntentKind.Draining, false), new("o-5", "10.0.0.5", 80, IntentKind.Drained, false), new("o-6", "10.0.0.6", 80, IntentKind.Maintenance, false),
        ],
    };

    [Theory]
    [InlineData("o-1", "ready up 100%")]
    [InlineData("o-2", "ready up 33%")]
    [InlineData("o-3", "ready up 1%")]
    [InlineData("o-4", "drain up 100% #draining")]
    [InlineData("o-5", "maint up 100% #drained")]
    [InlineData("o-6", "maint up 100% #maintenance")]
    [InlineData("o-7", "ready down 100% #not registered or not serving")]
    public void For_EachState_SaysBothWordsAndAPercentage(string instance, string answer) => Assert.Equal(answer + "\n", AgentAnswer.For(_set, instance, null));

    [Fact]
    public void For_UnknownService_IsDown() => Assert.Equal("ready down 100% #no such service\n", AgentAnswer.For(null, "o-1", null));

    [Fact]
    public void For_RegisteredThatDoesNotServe_SaysWhy()
    {
        var registry = new InMemoryRegistry(new FakeTimeProvider());
        var key = new InstanceKey("orders", "o-1");
        var actor = Actor.System("test");
        registry.Execute(new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 80 }), actor);
        Assert.Equal("ready down 100% #not checked yet\n", Answer());

        registry.Execute(new RecordHealth("orders", [new(key, new(HealthStatus.Unhealthy, DateTimeOffset.UnixEpoch, "refused", 3))]), actor);
        registry.Execute(new PutService("orders", ServiceSettings.Default with { PanicThreshold = 0 }), actor);
        Assert.Equal("ready down 100% #unhealthy\n", Answer());

        registry.Execute(new RegisterInstance(key, new() { Address = "10.0.0.1", Port = 80, Weight = 0 }), actor);
        Assert.Equal("drain up 100% #weight 0\n", Answer());

        string Answer() => AgentAnswer.For(registry.Current.Services["orders"].Serving, "o-1", registry.Current.FindInstance(key));
    }

    [Theory]
    [InlineData("orders/o-1", "orders", "o-1", null)]
    [InlineData("cart.shop/c:1\r", "cart.shop", "c:1", null)]
    [InlineData("orders/o-1 lb-1", "orders", "o-1", "lb-1")]
    public void Parse_Question_TakesServiceInstanceAndAsker(string line, string service, string instance, string? asker) =>
        Assert.Equal(new AgentQuestion(service, instance, asker), AgentQuestion.Parse(line));

    [Theory]
    [InlineData("")]
    [InlineData("orders")]
    [InlineData("/o-1")]
    [InlineData("orders/")]
    [InlineData("GET /o-1 HTTP/1.1")]
    public void Parse_SomethingElse_IsNoQuestion(string line) => Assert.Null(AgentQuestion.Parse(line));
}
