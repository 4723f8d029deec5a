using Dashboard.Web.Gateway;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Gateway;

public sealed class RetryBudgetTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Spending_EndsAfterTheSavedAndTheFloor()
    {
        var budget = new RetryBudget(_time);
        Assert.Equal(200 + 10, Spend(budget, 1000));
    }

    [Fact]
    public void Floor_IsTenInEverySecond_WhereverItBegins()
    {
        var budget = new RetryBudget(_time);
        _time.Advance(TimeSpan.FromMilliseconds(990));
        Spend(budget, 1000);
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, Spend(budget, 1000));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(10, Spend(budget, 1000));
    }

    [Fact]
    public void EveryFifthRequest_EarnsARetry()
    {
        var budget = new RetryBudget(_time);
        Spend(budget, 1000);
        for (var request = 0; request < 100; request++)
        {
            budget.Earn();
        }

        Assert.Equal(20, Spend(budget, 1000));
    }

    [Fact]
    public void Savings_AreBounded()
    {
        var budget = new RetryBudget(_time);
        for (var request = 0; request < 10_000; request++)
        {
            budget.Earn();
        }

        Assert.Equal(200 + 10, Spend(budget, 1000));
    }

    private static int Spend(RetryBudget budget, int attempts)
    {
        var spent = 0;
        for (var attempt = 0; attempt < attempts; attempt++)
        {
            spent += budget.TrySpend() ? 1 : 0;
        }

        return spent;
    }
}
