using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Dashboard.Tests.Support;

/// <summary>The real program as a process of its own: started by arguments, stopped as an operator would (Ctrl-C) or killed.</summary>
public sealed class ConsoleProcess : IAsyncDisposable
{
    private const int SigInt = 2;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output;
    private readonly bool _ownsDirectory;

    private ConsoleProcess(Process process, ConcurrentQueue<string> output, ConsolePorts ports, string directory, bool ownsDirectory)
    {
        _process = process;
        _output = output;
        _ownsDirectory = ownsDirectory;
        Ports = ports;
        Directory = directory;
        Client = new HttpClient { BaseAddress = Url };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public const string Token = "test-admin-token-0123456789abcdef";

    public ConsolePorts Ports { get; }

    public string Directory { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public Uri Url => new($"http://127.0.0.1:{Ports.Console}");

    public Uri GatewayUrl => new($"http://127.0.0.1:{Ports.Gateway}");

    /// <summary>A client of the HTTP API that carries the administrator's token.</summary>
    public HttpClient Client { get; }

    public string Output => string.Join('\n', _output);

    /// <summary>Starts the program without waiting for it. Listens on free ports unless <paramref name="ports"/> are given.</summary>
    /// <param name="directory">Data directory; null = a new temporary one, deleted at the end.</param>
    public static ConsoleProcess Launch(IEnumerable<string> arguments, string? directory = null, ConsolePorts? ports = null, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var taken = ports ?? ConsolePorts.Free();
        var data = directory ?? System.IO.Directory.CreateTempSubdirectory("dashboard-test-").FullName;
        var program = typeof(ConsoleProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "ConsoleProgram").Value!;
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        string[] all =
        [
            "exec", program, $"--Urls=http://127.0.0.1:{taken.Console}", $"--Gateway:Url=http://127.0.0.1:{taken.Gateway}",
            $"--Gateway:Http2Url=http://127.0.0.1:{taken.GatewayHttp2}", "--Dns:Endpoint=127.0.0.1:0", "--Agent:Endpoint=127.0.0.1:0", "--Xds:Url=http://127.0.0.1:0", $"--Data:Directory={data}", $"--Auth:AdminToken={Token}", .. arguments,
        ];
        foreach (var argument in all)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;

        var output = new ConcurrentQueue<string>();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new(process, output, taken, data, directory is null);

        void Keep(string? line)
        {
            if (line is not null)
            {
                output.Enqueue(line);
                while (output.Count > 2000)
                {
                    output.TryDequeue(out _);
                }
            }
        }
    }

    /// <summary>Starts the program and waits until it is ready.</summary>
    public static async Task<ConsoleProcess> StartAsync(IEnumerable<string> arguments, CancellationToken cancellationToken, string? directory = null, ConsolePorts? ports = null, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var console = Launch(arguments, directory, ports, environment);
        try
        {
            await console.ReadyAsync(TimeSpan.FromSeconds(180), cancellationToken);
            return console;
        }
        catch
        {
            await console.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until <c>/health/ready</c> answers 200.</summary>
    public Task ReadyAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        Eventually.TrueAsync(
            async () =>
            {
                if (HasExited)
                {
                    throw new InvalidOperationException($"The console ended with {ExitCode}:\n{Output}");
                }

                try
                {
                    using var answer = await Client.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
                    return answer.StatusCode == HttpStatusCode.OK;
                }
                catch (Exception notYet) when (notYet is HttpRequestException or SocketException)
                {
                    return false;
                }
            },
            patience,
            () => $"the console is ready; it said:\n{Output}",
            cancellationToken);

    /// <summary>Waits until the output holds a text and gives the line.</summary>
    public async Task<string> SaysAsync(string text, TimeSpan patience, CancellationToken cancellationToken)
    {
        await Eventually.TrueAsync(() => Task.FromResult(_output.Any(line => line.Contains(text, StringComparison.Ordinal))), patience, () => $"the console says '{text}'; it said:\n{Output}", cancellationToken);
        return _output.First(line => line.Contains(text, StringComparison.Ordinal));
    }

    /// <summary>Ctrl-C; waits for the end and gives how long it took.</summary>
    public async Task<TimeSpan> InterruptAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        _ = SendSignal(_process.Id, SigInt);
        await _process.WaitForExitAsync(cancellationToken);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = SendSignal(_process.Id, SigInt);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
        Client.Dispose();
        if (_ownsDirectory)
        {
            try
            {
                System.IO.Directory.Delete(Directory, recursive: true);
            }
            catch (IOException)
            {
                // A file of a server that is just ending; the temporary folder is cleaned by the system.
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int process, int signal);
}

/// <summary>The ports of one console.</summary>
public sealed record ConsolePorts(int Console, int Gateway, int GatewayHttp2)
{
    public static ConsolePorts Free() => new(FreePort.Tcp(), FreePort.Tcp(), FreePort.Tcp());
}
