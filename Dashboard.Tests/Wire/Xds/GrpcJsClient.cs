using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Wire.Xds;

/// <summary>@grpc/grpc-js-xds in Node.js: a client of gRPC that nobody here wrote.</summary>
internal sealed class GrpcJsClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly Process _process;
    private readonly string _folder;
    private readonly Task<string> _errors;

    private GrpcJsClient(Process process, string folder)
    {
        _process = process;
        _folder = folder;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The bootstrap file of the manual, made for this server.</summary>
    public static string Bootstrap(string server) => Resource("grpc-bootstrap.json").Replace("127.0.0.1:5081", server, StringComparison.Ordinal);

    public static string Resource(string name)
    {
        using var stream = typeof(GrpcJsClient).Assembly.GetManifestResourceStream($"Xds/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public static GrpcJsClient Start(string server, string service)
    {
        var node = Peer.Require("node", "https://nodejs.org");
        var modules = typeof(Dashboard.Web.CommandLine).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "ClientNodeModules").Value!;
        var folder = Directory.CreateTempSubdirectory("dashboard-xds-").FullName;
        File.WriteAllText(Path.Combine(folder, "bootstrap.json"), Bootstrap(server));
        File.WriteAllText(Path.Combine(folder, "client.mjs"), Resource("client.mjs"));
        var start = new ProcessStartInfo(node)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
            Environment = { ["GRPC_XDS_BOOTSTRAP"] = Path.Combine(folder, "bootstrap.json") },
        };
        foreach (var argument in new[] { Path.Combine(folder, "client.mjs"), Path.GetFullPath(modules), $"xds:///{service}" })
            start.ArgumentList.Add(argument);

        return new(Process.Start(start)!, folder);
    }

    public Task<CallCounts> CallAsync(int count, CancellationToken cancellationToken) => TellAsync($"calls {count}", cancellationToken);

    public Task StartLoadAsync(CancellationToken cancellationToken) => TellAsync("start", cancellationToken);

    public Task<CallCounts> StopLoadAsync(CancellationToken cancellationToken) => TellAsync("stop", cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<CallCounts> TellAsync(string command, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        var line = await _process.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
        return line is null
            ? throw new InvalidOperationException($"The client ended: {await _errors}")
            : JsonSerializer.Deserialize<CallCounts>(line, JsonSerializerOptions.Web)!;
    }
}

/// <summary>What became of calls.</summary>
/// <param name="First">Why the first that failed did.</param>
internal sealed record CallCounts(long Ok, long Failed, string? First);
