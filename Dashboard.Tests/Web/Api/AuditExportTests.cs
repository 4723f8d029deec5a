using System.Net;
using System.Text;
using System.Text.Json;
using Dashboard.Core.Registry;
using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Api;

namespace Dashboard.Tests.Web.Api;

public sealed class AuditExportTests : IAsyncLifetime
{
    private const string Path = "/api/v1/audit/export";

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Csv_HasARowAChange_NewestFirst_AndComesAsAFile()
    {
        _host.Seed("orders", 3);
        Drain("orders-1", "its disk, the \"fast\" one,\nfails");

        using var response = await _host.SendAsync(HttpMethod.Get, $"{Path}?format=csv&operators=true");
        var rows = Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        Assert.Equal("text/csv; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Matches(@"^audit-\d{8}-\d{6}\.csv$", response.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
        Assert.Equal(["revision", "at", "actor", "actorKind", "address", "action", "target", "reason", "operation", "outcome", "before", "after"], rows[0]);
        var drain = Assert.Single(rows.Skip(1));
        var revision = _host.Registry.Current.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal([revision, "tester", "operator", "instance.drain", "orders/orders-1", "its disk, the \"fast\" one,\nfails", revision, "open"], [drain[0], drain[2], drain[3], .. drain[5..10]]);
        var after = JsonElement.Parse(drain[11]);
        Assert.Equal("draining", after[0].GetProperty("value").GetProperty("intent").GetProperty("kind").GetString());
        Assert.Equal(JsonValueKind.Null, JsonElement.Parse(drain[10])[0].GetProperty("value").ValueKind);
    }

    [Fact]
    public async Task JsonLines_HasAnObjectALine_WithTheOperationsOutcome()
    {
        _host.Seed("orders", 3);
        Drain("orders-1", "kernel");
        Assert.IsType<CommandResult.Committed>(_host.Registry.Execute(new UndrainInstance(new("orders", "orders-1")) { Reason = "done" }, ApiHost.Tester));

        using var response = await _host.SendAsync(HttpMethod.Get, $"{Path}?format=jsonl&service=orders&instance=orders-1&action=instance.drain");
        var lines = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n');

        Assert.Equal("application/x-ndjson; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(["", "cancelled kernel"], lines.Select(line => line.Length == 0 ? "" : $"{JsonElement.Parse(line).GetProperty("outcome").GetString()} {JsonElement.Parse(line).GetProperty("reason").GetString()}").Order());
    }

    [Fact]
    public async Task ManyPages_AreOneFile_WithoutAGapOrADouble()
    {
        _host.Do(new PutService("orders", ServiceSettings.Default));
        for (var weight = 0; weight < 2_345; weight++)
            _host.Do(new RegisterInstance(new("orders", "orders-1"), new() { Address = "10.0.0.1", Port = 8000, Weight = weight }));

        using var response = await _host.SendAsync(HttpMethod.Get, $"{Path}?format=jsonl");
        var revisions = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line).GetProperty("revision").GetInt32());

        Assert.Equal(Enumerable.Range(1, 2_346).Reverse(), revisions);
        using var some = await _host.SendAsync(HttpMethod.Get, $"{Path}?format=csv&limit=1001&before=2000");
        var rows = Parse(await some.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal((1002, "1999", "999"), (rows.Count, rows[1][0], rows[^1][0]));
    }

    [Theory]
    [InlineData("=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\"")]
    [InlineData("+1", "'+1")]
    [InlineData("-2+3", "'-2+3")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("  =1", "'  =1")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("plain", "plain")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"", "\"say \"\"hi\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void Cell_IsNoFormulaAndNoBreak(string? text, string cell) => Assert.Equal(cell, AuditExport.Cell(text));

    [Theory]
    [InlineData("", "query.format")]
    [InlineData("?format=xlsx", "query.format")]
    [InlineData("?format=csv&limit=0", "query.limit")]
    [InlineData("?format=csv&service=A!", "query.service")]
    [InlineData("?format=csv&wat=1", "query.wat")]
    public async Task BadQuery_NamesTheFault(string query, string path)
    {
        using var response = await _host.SendAsync(HttpMethod.Get, Path + query);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(path, (await ApiHost.BodyAsync(response)).GetProperty("errors")[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task List_TellsTheOutcomeToo()
    {
        _host.Seed("orders", 3);
        Drain("orders-1", "kernel");

        var changes = (await _host.GetAsync("/api/v1/audit?operators=true")).GetProperty("changes");

        Assert.Equal("open", changes[0].GetProperty("outcome").GetString());
    }

    private void Drain(string id, string reason) =>
        Assert.IsType<CommandResult.Committed>(_host.Registry.Execute(new DrainInstance(new("orders", id)) { Reason = reason }, ApiHost.Tester));

    // RFC 4180.
    private static List<string[]> Parse(string text)
    {
        var (rows, row, cell, quoted) = (new List<string[]>(), new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var letter = text[i];
            if (quoted && letter == '"' && i + 1 < text.Length && text[i + 1] == '"')
                cell.Append(text[++i]);
            else if (letter == '"')
                quoted = !quoted;
            else if (!quoted && letter == ',')
                End();
            else if (!quoted && letter == '\r' && text[i + 1] == '\n')
            {
                End();
                rows.Add([.. row]);
                row.Clear();
                i++;
            }
            else
                cell.Append(letter);
        }

        Assert.False(quoted);
        Assert.Empty(row);
        return rows;

        void End()
        {
            row.Add(cell.ToString());
            cell.Clear();
        }
    }
}
