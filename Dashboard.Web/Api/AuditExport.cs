using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Dashboard.Core.Registry;

namespace Dashboard.Web.Api;

/// <summary>
/// The change log as a file, newest first: read and written a page at a time, so that its length costs no memory. One that breaks off in the middle is cut, not ended: nobody takes a part for the
/// whole.
/// </summary>
internal sealed class AuditExport(IChangeHistory history, ChangeQuery query, AuditFormat format, long? limit, ImmutableArray<RegistryChange> first, DateTimeOffset at) : IResult
{
    private const int PageSize = 1000;

    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");

    /// <summary>Reads the first page: what is refused or away is then an answer of its own, not a broken file.</summary>
    public static async Task<AuditExport> StartAsync(IChangeHistory history, ChangeQuery query, AuditFormat format, long? limit, DateTimeOffset at, CancellationToken cancellationToken) =>
        new(history, query, format, limit, await history.QueryAsync(Page(query, query.Before, limit), cancellationToken), at);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, ended) = (httpContext.Response, httpContext.RequestAborted);
        response.ContentType = format == AuditFormat.Csv ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename=\"audit-{at.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.{(format == AuditFormat.Csv ? "csv" : "jsonl")}\"";
        response.Headers.CacheControl = "no-store";
        try
        {
            if (format == AuditFormat.Csv)
                await response.WriteAsync("revision,at,actor,actorKind,address,action,target,reason,operation,outcome,before,after\r\n", ended);

            var left = limit ?? long.MaxValue;
            for (var page = first; !page.IsEmpty; page = await history.QueryAsync(Page(query, page[^1].Revision, left), ended))
            {
                await WriteAsync(response, page, ended);
                left -= page.Length;
                if (left <= 0)
                    return;
            }
        }
        catch (Exception) when (response.HasStarted)
        {
            httpContext.Abort();
            throw;
        }
    }

    /// <summary>A cell of a table: quoted where it must be. What a spreadsheet would take for a formula begins with an apostrophe.</summary>
    internal static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "";

        if (text.TrimStart() is ['=' or '+' or '-' or '@', ..] || text[0] is '\t' or '\r' or '\n')
            text = "'" + text;

        return text.AsSpan().ContainsAny(Quoted) || text[0] == ' ' || text[^1] == ' ' ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static ChangeQuery Page(ChangeQuery query, long? before, long? left) => query with { Before = before, Limit = (int)Math.Min(PageSize, left ?? PageSize) };

    private async Task WriteAsync(HttpResponse response, ImmutableArray<RegistryChange> page, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var change in await ChangeDocument.FromAsync(history, page, cancellationToken))
        {
            if (format == AuditFormat.Csv)
                AppendRow(text, change);
            else
                text.Append(JsonSerializer.Serialize(change, ApiJson.Default.ChangeDocument)).Append('\n');
        }

        await response.WriteAsync(text.ToString(), cancellationToken);
    }

    private static void AppendRow(StringBuilder text, ChangeDocument change)
    {
        ReadOnlySpan<string?> cells =
        [
            change.Revision.ToString(CultureInfo.InvariantCulture),
            change.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture),
            change.Actor.Name,
            Word(change.Actor.Kind),
            change.Actor.Address,
            change.Action,
            change.Target,
            change.Reason,
            change.Operation?.ToString(CultureInfo.InvariantCulture),
            change.Outcome is { } outcome ? Word(outcome) : null,
            Side(change.Changes, entity => entity.Before),
            Side(change.Changes, entity => entity.After),
        ];
        for (var i = 0; i < cells.Length; i++)
            text.Append(i == 0 ? "" : ",").Append(Cell(cells[i]));

        text.Append("\r\n");
    }

    private static string Side(IReadOnlyList<EntityDocument> entities, Func<EntityDocument, object?> side) =>
        JsonSerializer.Serialize([.. entities.Select(entity => new EntitySideDocument(entity.Kind, entity.Target, side(entity)))], ApiJson.Default.EntitySideDocumentArray);

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}

/// <summary>What an export is written as.</summary>
internal enum AuditFormat
{
    Csv,
    Jsonl,
}

/// <summary>One side of a stored thing.</summary>
internal sealed record EntitySideDocument(string Kind, string Target, object? Value);
