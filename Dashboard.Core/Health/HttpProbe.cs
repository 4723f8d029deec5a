using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>
/// A GET of the check's path answers with an expected status. Redirects are not followed: a 302 is just a status. Of the body only the beginning is read, as evidence.
/// </summary>
public sealed class HttpProbe(TimeProvider time) : IProbe, IDisposable
{
    private const int EvidenceBytes = 256;

    private static readonly ProductInfoHeaderValue UserAgent = new("dashboard-health", "1");

    private readonly HttpMessageInvoker _http = new(ProbeHttp.CreateHandler());

    public CheckKind Kind => CheckKind.Http;

    public Task<ProbeResult> ProbeAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        return ProbeRun.MeasureAsync(time, target, LookAsync, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<(CheckOutcome Outcome, string Output)> LookAsync(ProbeTarget target, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(ProbeHttp.BaseOf(target.EndPoint), "/" + target.Check.Path.TrimStart('/')))
        {
            Version = target.Protocol.SpeaksHttp2() ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.UserAgent.Add(UserAgent);
        request.Headers.ConnectionClose = target.Protocol.SpeaksHttp2() ? null : true;
        using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var status = (int)response.StatusCode;
        var passing = status >= target.Check.StatusFrom && status <= target.Check.StatusTo;
        var expected = passing ? "" : target.Check.StatusFrom == target.Check.StatusTo ? $", expected {target.Check.StatusFrom}" : $", expected {target.Check.StatusFrom}-{target.Check.StatusTo}";
        var body = await BeginningAsync(response, cancellationToken).ConfigureAwait(false);
        return (passing ? CheckOutcome.Passing : CheckOutcome.Critical, $"HTTP {status}{expected}{(body.Length == 0 ? "" : $": {body}")}");
    }

    private static async ValueTask<string> BeginningAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[EvidenceBytes];
        var read = 0;
        try
        {
            using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            // One read may bring less than there is; a second is tried only while it costs no waiting for a slow body.
            read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            // The status has come and is the verdict; a body that breaks off is only missing evidence.
        }

        return Evidence.Clean(Encoding.UTF8.GetString(buffer, 0, read));
    }
}
