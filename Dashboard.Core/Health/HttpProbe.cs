using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Dashboard.Core.Health.Leases;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Health;

/// <summary>
/// A GET of the check's path answers with an expected status. Redirects are not followed: a 302 is just a status. Of the body only the beginning is read, as evidence.
/// </summary>
/// <param name="leases">Knows where this console is reached, which an instance finds in <c>User-Agent</c>: of several consoles each asks for a share of the instances. Null = not told.</param>
public sealed class HttpProbe(TimeProvider time, LeaseKeeper? leases = null) : IProbe, IDisposable
{
    private const int EvidenceBytes = 256;

    private static readonly ProductInfoHeaderValue UserAgent = new("dashboard-health", "1");

    private readonly HttpMessageInvoker _http = new(ProbeHttp.CreateHandler());
    private ProductInfoHeaderValue? _console;

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
        if (Console() is { } console)
            request.Headers.UserAgent.Add(console);
        request.Headers.ConnectionClose = target.Protocol.SpeaksHttp2() ? null : true;
        using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var status = (int)response.StatusCode;
        var passing = status >= target.Check.StatusFrom && status <= target.Check.StatusTo;
        var expected = passing ? "" : target.Check.StatusFrom == target.Check.StatusTo ? $", expected {target.Check.StatusFrom}" : $", expected {target.Check.StatusFrom}-{target.Check.StatusTo}";
        var body = await BeginningAsync(response, cancellationToken).ConfigureAwait(false);
        return (passing ? CheckOutcome.Passing : CheckOutcome.Critical, $"HTTP {status}{expected}{(body.Length == 0 ? "" : $": {body}")}");
    }

    private ProductInfoHeaderValue? Console() => _console ??= leases?.Self is { IsCompletedSuccessfully: true } self ? new($"({self.Result.Url})") : null;

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
