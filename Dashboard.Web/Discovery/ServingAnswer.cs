using System.Globalization;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Web.Http;

namespace Dashboard.Web.Discovery;

/// <summary>A service's serving set as it is answered, with where the registry stands in the headers.</summary>
internal sealed class ServingAnswer(byte[] body, ServingCatalog catalog, DateTimeOffset? staleSince, TimeProvider time) : IResult
{
    // Everyone who asks between two changes is told the same.
    private static Standing? _last;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var standing = Standing.Of(catalog);
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers[ServingEndpoints.RevisionHeader] = standing.Revision;
        response.Headers[ServingEndpoints.GenerationHeader] = standing.Generation;
        response.Headers[ServingEndpoints.IndexHeader] = standing.Index;
        if (staleSince is { } since)
            response.Headers[ServingEndpoints.StaleHeader] = since.ToString("O", CultureInfo.InvariantCulture);

        try
        {
            await PacedBody.WriteAsync(response.BodyWriter, body, time, httpContext.RequestAborted);
        }
        catch (TimeoutException)
        {
            httpContext.Abort();
        }
    }

    private sealed record Standing(ServingCatalog Catalog, string Revision, string Generation, string Index)
    {
        public static Standing Of(ServingCatalog catalog)
        {
            var last = Volatile.Read(ref _last);
            if (last is not null && ReferenceEquals(last.Catalog, catalog))
                return last;

            last = new(catalog, catalog.Revision.ToString(CultureInfo.InvariantCulture), catalog.Generation.ToString(), WatchEventId.Of(catalog).ToString());
            Volatile.Write(ref _last, last);
            return last;
        }
    }
}
