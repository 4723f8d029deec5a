using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Dashboard.Core.Attention.Webhooks;

/// <summary>What became of one request.</summary>
/// <param name="Failure">Null = it was taken.</param>
/// <param name="IsFinal">To try the same again would be in vain.</param>
/// <param name="RetryAfter">What the webhook asked for.</param>
internal sealed record WebhookAttempt(string? Failure, bool IsFinal = false, TimeSpan? RetryAfter = null)
{
    /// <summary>Longest that a webhook may make itself be waited for.</summary>
    private static readonly TimeSpan MostPatience = TimeSpan.FromMinutes(10);

    public static async Task<WebhookAttempt> SendAsync(HttpClient client, WebhookOptions webhook, byte[] body, DateTimeOffset now, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(webhook.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(webhook)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.UserAgent.Add(new("Dashboard", "1"));
        foreach (var (name, value) in webhook.Headers)
            request.Headers.TryAddWithoutValidation(name, value);

        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return new((string?)null);

            var status = (int)response.StatusCode;
            var asked = response.Headers.RetryAfter is { } after ? after.Delta ?? (after.Date - now) : null;
            // A redirect or a refusal will be the same the next time; these three say themselves that they will not.
            var final = status is >= 300 and < 500 && response.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests) && status != 425;
            return new(
                $"it answered {status}{(string.IsNullOrWhiteSpace(response.ReasonPhrase) ? "" : $" {response.ReasonPhrase}")}",
                final,
                asked is { } wait ? wait < TimeSpan.Zero ? TimeSpan.Zero : wait > MostPatience ? MostPatience : wait : null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new($"it did not answer within {webhook.Timeout.TotalSeconds:0.#} s");
        }
        catch (SocketException)
        {
            // It went between the connection and its first use.
            return new("it cannot be reached");
        }
        catch (HttpRequestException failure)
        {
            // The message may name the whole address.
            return new(failure.HttpRequestError switch
            {
                HttpRequestError.NameResolutionError => "its name is not known",
                HttpRequestError.ConnectionError => "it cannot be reached",
                HttpRequestError.SecureConnectionError => "TLS failed with it",
                _ => "the connection broke",
            });
        }
    }

    /// <summary>Alertmanager may be configured by its base.</summary>
    internal static Uri AddressOf(WebhookOptions webhook)
    {
        const string path = "/api/v2/alerts";
        if (webhook.Format != WebhookFormat.Alertmanager || webhook.Url.AbsolutePath.TrimEnd('/').EndsWith(path, StringComparison.Ordinal))
            return webhook.Url;

        return new UriBuilder(webhook.Url) { Path = webhook.Url.AbsolutePath.TrimEnd('/') + path }.Uri;
    }
}
