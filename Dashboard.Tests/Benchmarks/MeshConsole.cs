using Dashboard.Tests.Support;

namespace Dashboard.Tests.Benchmarks;

/// <summary>The real program with a large mesh in its registry, under traffic and changes for as long as it is held.</summary>
internal sealed class MeshConsole : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private Task _life = Task.CompletedTask;

    private MeshConsole(ConsoleProcess console, LargeMesh mesh) => (Console, Mesh) = (console, mesh);

    public ConsoleProcess Console { get; }

    public LargeMesh Mesh { get; }

    /// <param name="changes">Services that change a second.</param>
    public static async Task<MeshConsole> StartAsync(LargeMesh mesh, int changes, CancellationToken cancellationToken)
    {
        var started = new MeshConsole(await ConsoleProcess.StartAsync(["--Logging:LogLevel:Default=Warning"], cancellationToken), mesh);
        try
        {
            await mesh.FillAsync(started.Console.Client, cancellationToken);
            for (var second = 0; second < 3; second++)
            {
                await mesh.ReportAsync(started.Console.Client, cancellationToken);
            }

            started._life = mesh.LiveAsync(started.Console.Client, changes, started._ended.Token);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _life.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Console.DisposeAsync();
        _ended.Dispose();
    }
}
