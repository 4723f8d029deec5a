using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Registry;
using Dashboard.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Dashboard.Tests.Core.Attention;

/// <summary>A webhook that is a real server and answers as told, a board that the test writes, and a sender whose rounds and clock are the test's.</summary>
internal sealed class WebhookRig : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly HttpClient _client;
    private readonly Words _log = new();
    private readonly Dictionary<string, Alert> _alerts = new(StringComparer.Ordinal);
    private TestServer _server = null!;
    private AttentionMetrics _metrics = null!;
    private WebhookSender _sender = null!;

    private WebhookRig(HttpMessageHandler? handler) => _client = new(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };

    public FakeTimeProvider Time { get; } = new(Start);

    public ConcurrentQueue<(JsonElement Body, IReadOnlyDictionary<string, string> Headers)> Received { get; } = [];

    /// <summary>Answers, in order; when there is none, 200.</summary>
    public ConcurrentQueue<Func<HttpContext, Task>> Answers { get; } = [];

    public NoticeMemory Store { get; private init; } = new();

    public AttentionBoard Alerts { get; } = new();

    public WebhookBoard Board { get; private set; } = null!;

    public WebhookOptions Options { get; private set; } = null!;

    public bool IsMine { get; set; } = true;

    public WebhookState State => Board.Feed.Current.States.Single();

    public string Log => string.Join('\n', _log.Lines);

    public static async Task<WebhookRig> StartAsync(WebhookFormat format = WebhookFormat.Json, Func<WebhookOptions, WebhookOptions>? with = null, Uri? url = null, NoticeMemory? store = null, HttpMessageHandler? handler = null)
    {
        var rig = new WebhookRig(handler) { Store = store ?? new() };
        rig._server = await TestServer.StartAsync(HttpProtocols.Http1, null, app => app.Run(rig.AnswerAsync));
        var options = new WebhookOptions("pager", url ?? new($"http://{rig._server.EndPoint}/T0/hush?key=hush"), format) { Headers = [("Authorization", "Bearer hush"), ("X-Team", "edge")] };
        rig.Options = with?.Invoke(options) ?? options;
        var all = new AttentionOptions(webhooks: [rig.Options]);
        rig.Board = new(all);
        rig._metrics = new(rig.Alerts, rig.Board, all);
        rig.Restart();
        return rig;
    }

    /// <summary>A sender that knows nothing but what is in the store.</summary>
    public void Restart() => _sender = new(
        0, Options, Alerts, Board, new(() => IsMine), Store, _metrics, _client, () => new("https://mesh.example/"), new Random(7), Time, _log);

    public Task RoundAsync() => _sender.RoundAsync(TestContext.Current.CancellationToken);

    public async Task RoundAsync(double secondsLater)
    {
        Time.Advance(TimeSpan.FromSeconds(secondsLater));
        await RoundAsync();
    }

    public void Fire(string instance, AlertSeverity severity = AlertSeverity.Warning) =>
        Set(new(Of(instance), severity, AlertState.Firing, Time.GetUtcNow().AddSeconds(-15)) { FiringSince = Time.GetUtcNow() });

    public void Resolve(string instance) => Set(_alerts[instance] with { State = AlertState.Resolved, ResolvedAt = Time.GetUtcNow() });

    public void Silence(string instance) => Set(_alerts[instance] with { Silence = new(1, AlertMarkKind.Silence, new(Service: "orders"), Start, Start.AddDays(1), "ann", "quiet") });

    public void Drop(string instance)
    {
        _alerts.Remove(instance);
        Publish();
    }

    public string Id(string instance) => Of(instance).Key.Fingerprint;

    /// <summary>Status of each alert of the last request: <c>firing a, resolved b</c>.</summary>
    public string Last => Told(Received.Last().Body);

    public string[] All => [.. Received.Select(request => Told(request.Body))];

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
        _metrics.Dispose();
    }

    private static string Told(JsonElement body) =>
        string.Join(", ", body.GetProperty("alerts").EnumerateArray().Select(alert => $"{alert.GetProperty("status").GetString()} {alert.GetProperty("instance").GetString()}").Order(StringComparer.Ordinal));

    private static Finding Of(string instance) =>
        new(new(AlertRule.InstanceUnhealthy, $"orders/{instance}"), $"{instance} of orders is unhealthy", "Refused; 3 in a row.", $"/services/orders?instance={instance}") { Service = "orders", Instance = instance, Node = "n1" };

    private void Set(Alert alert)
    {
        _alerts[alert.Finding.Instance!] = alert;
        Publish();
    }

    private void Publish()
    {
        var board = new AlertBoard([.. AlertBoard.Sort(_alerts.Values)], 0);
        Alerts.Feed.Publish(board, new(board, []));
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        Received.Enqueue((body.RootElement, context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString())));
        if (Answers.TryDequeue(out var answer))
            await answer(context);
    }

    private sealed class Words : ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");
    }
}

/// <summary>Where senders note what they told, as long as the test lasts.</summary>
internal sealed class NoticeMemory : INoticeStore
{
    private readonly Dictionary<(string Webhook, string Alert), AlertNotice> _notices = [];

    public bool IsAway { get; set; }

    public int Writes { get; private set; }

    public Task<ImmutableArray<AlertNotice>> ReadAsync(string webhook, CancellationToken cancellationToken) =>
        IsAway ? throw new InvalidOperationException("away") : Task.FromResult<ImmutableArray<AlertNotice>>([.. _notices.Where(pair => pair.Key.Webhook == webhook).Select(pair => pair.Value)]);

    public Task WriteAsync(string webhook, IReadOnlyCollection<AlertNotice> told, CancellationToken cancellationToken)
    {
        if (IsAway)
            throw new InvalidOperationException("away");

        Writes++;
        foreach (var notice in told)
        {
            if (notice.IsFiring)
                _notices[(webhook, notice.Fingerprint)] = notice;
            else
                _notices.Remove((webhook, notice.Fingerprint));
        }

        return Task.CompletedTask;
    }
}
