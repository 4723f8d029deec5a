using System.Buffers;
using System.Text.Json;

namespace Dashboard.Web.Http.Express;

/// <summary>Reads a small JSON body without taking it from whoever comes after, unless it was understood.</summary>
internal static class ExpressBody
{
    private const int Limit = 16 * 1024;

    /// <summary>Gives what <paramref name="read"/> made of the body; default when the body is not small and plain, or when that gave default. It is then still there.</summary>
    public static async ValueTask<T?> ReadAsync<T>(HttpRequest request, Func<ReadOnlySequence<byte>, T?> read)
        where T : class
    {
        if (request.ContentLength is not ({ } length and > 0 and <= Limit) || !IsJson(request.ContentType))
            return null;

        var reader = request.BodyReader;
        while (true)
        {
            // A small body has nearly always come with its head; to hear of a request's end costs more than to read it.
            if (!reader.TryRead(out var result))
                result = await reader.ReadAsync(request.HttpContext.RequestAborted);
            var buffer = result.Buffer;
            if (buffer.Length < length && !result.IsCompleted)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            T? value = null;
            try
            {
                value = buffer.Length == length ? read(buffer) : null;
            }
            catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
            {
                // The endpoint itself names every fault.
            }

            if (value is null)
                reader.AdvanceTo(buffer.Start);
            else
                reader.AdvanceTo(buffer.End);
            return value;
        }
    }

    private static bool IsJson(string? contentType) => contentType is "application/json" or "application/json; charset=utf-8";
}
