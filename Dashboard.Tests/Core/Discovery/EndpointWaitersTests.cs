using Dashboard.Core.Discovery;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Discovery;

public sealed class EndpointWaitersTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly EndpointWaiters _waiters = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wake_CompletesThoseWhoWaitForTheServiceAndNobodyElse()
    {
        var orders = WaitAsync("orders");
        var cart = WaitAsync("cart");

        _waiters.Wake(["orders"]);

        Assert.True(await orders);
        Assert.False(cart.IsCompleted);
        Assert.Equal(1, _waiters.Waiting);
    }

    [Fact]
    public async Task Wake_BetweenTakingTheTaskAndAwaitingIt_IsNotMissed()
    {
        var change = _waiters.NextChange("orders");
        _waiters.Wake(["orders"]);

        Assert.True(await _waiters.WaitAsync(change, TimeSpan.FromMinutes(10), _time, Cancelled));
    }

    [Fact]
    public async Task Wait_EndsWithItsTime()
    {
        var waiting = WaitAsync("orders");
        _time.Advance(TimeSpan.FromSeconds(29.999));
        Assert.False(waiting.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.False(await waiting);
        Assert.Equal(0, _waiters.Waiting);
    }

    [Fact]
    public async Task Release_WakesEveryoneForGood()
    {
        var (orders, cart) = (WaitAsync("orders"), WaitAsync("cart"));

        _waiters.Release();

        Assert.True(await orders && await cart);
        Assert.True(_waiters.IsReleased);
    }

    [Fact]
    public async Task TenThousandWaiters_AreWokenByOneChange_AndCostLittleWhileTheyWait()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var all = Enumerable.Range(0, 10_000).Select(_ => WaitAsync("orders")).ToArray();
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / all.Length;

        _waiters.Wake(["cart"]);
        Assert.Equal(10_000, _waiters.Waiting);
        _waiters.Wake(["orders"]);

        Assert.All(await Task.WhenAll(all), Assert.True);
        // Of this thread alone: other tests run beside. What is held is less than what was ever asked for.
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes each");
        Assert.InRange(each, 0, 2048);
    }

    private Task<bool> WaitAsync(string service) => _waiters.WaitAsync(_waiters.NextChange(service), TimeSpan.FromSeconds(30), _time, Cancelled).AsTask();
}
