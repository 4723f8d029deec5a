using System.Collections.Concurrent;
using System.Net;
using Dashboard.Web.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Web.Security;

/// <summary>Wrong bearer tokens are told by address, and rarely.</summary>
public sealed class RefusedTokensTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Lines _lines = new();
    private readonly RefusedTokens _refused;

    public RefusedTokensTests() => _refused = new(_time, _lines);

    [Fact]
    public void AnAddress_IsToldOnceAMinute_WithWhatCameMeanwhile()
    {
        for (var n = 0; n < 100; n++)
            _refused.Note(IPAddress.Parse("10.0.0.7"));
        _refused.Note(IPAddress.Parse("::ffff:10.0.0.8"));
        _time.Advance(TimeSpan.FromSeconds(59));
        _refused.Note(IPAddress.Parse("10.0.0.7"));
        Assert.Equal(2, _lines.Said.Count);

        _time.Advance(TimeSpan.FromSeconds(1));
        _refused.Note(IPAddress.Parse("10.0.0.7"));

        Assert.Equal(["10.0.0.7 0", "10.0.0.8 0", "10.0.0.7 100"], _lines.Said);

        // What was told is not told again.
        _time.Advance(TimeSpan.FromMinutes(1));
        _refused.Note(IPAddress.Parse("10.0.0.7"));
        _refused.Note(null);
        Assert.Equal(["10.0.0.7 0", "an unknown address 0"], _lines.Said.Skip(3));
    }

    [Fact]
    public void ManyAddresses_AreBounded_AndHeardAgainWhenOthersAreQuiet()
    {
        for (var n = 0; n < 10_000; n++)
            _refused.Note(new IPAddress([10, 0, (byte)(n >> 8), (byte)n]));
        Assert.Equal(256, _lines.Said.Count);

        _time.Advance(TimeSpan.FromMinutes(1));
        _refused.Note(IPAddress.Parse("192.0.2.1"));

        Assert.Equal("192.0.2.1 0", _lines.Said.Last());
    }

    [Fact]
    public async Task ARefusedRequest_IsNoted()
    {
        var directory = Directory.CreateTempSubdirectory("refused-");
        try
        {
            await using var console = await SecuredConsole.StartAsync(directory.FullName);
            using var client = console.NewProgram("another-token");

            using var answer = await client.GetAsync(new Uri("/api/v1/who", UriKind.Relative), TestContext.Current.CancellationToken);

            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal(1, ((RefusedTokens)console.Services.GetService(typeof(RefusedTokens))!).Addresses);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private sealed class Lines : ILogger<RefusedTokens>
    {
        public ConcurrentQueue<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = (IReadOnlyList<KeyValuePair<string, object?>>)state!;
            Said.Enqueue($"{values.Single(value => value.Key == "Address").Value} {values.Single(value => value.Key == "Since").Value}");
        }
    }
}
