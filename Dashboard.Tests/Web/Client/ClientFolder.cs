using System.Diagnostics;
using Dashboard.Tests.Support;

namespace Dashboard.Tests.Web.Client;

/// <summary>Runs Node.js in the folder of the TypeScript sources. The build needs Node.js too, so it is there.</summary>
internal static class ClientFolder
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly string Path = Directory.GetParent(PostgresPackages.Directories[0])!.FullName;

    public static async Task<(int ExitCode, string Output)> NodeAsync(string[] arguments, string input, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        using var node = Process.Start(new ProcessStartInfo("node", arguments)
        {
            WorkingDirectory = Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = node.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = node.StandardError.ReadToEndAsync(limit.Token);
        await node.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
        node.StandardInput.Close();
        try
        {
            await node.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            node.Kill(entireProcessTree: true);
            throw;
        }

        return (node.ExitCode, await output + await errors);
    }
}
