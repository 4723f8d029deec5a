using System.Buffers;
using System.IO.Pipelines;
using Dashboard.Web.Live;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dashboard.Tests.Web.Live;

public sealed class WholeMessagesTests
{
    // Room for everything: nobody reads meanwhile.
    private readonly Pipe _toViewer = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));

    [Theory]
    [InlineData(1, true)]
    [InlineData(5_000, true)]
    [InlineData(26_000, true)]
    [InlineData(32 * 1024, true)]
    [InlineData(400_000, false)]
    public async Task A_message_that_fits_is_in_one_piece_and_every_message_is_the_same_bytes(int length, bool whole)
    {
        var message = Enumerable.Range(0, length).Select(index => (byte)(index * 7)).ToArray();

        await ConnectAsync(async connection => await connection.Transport.Output.WriteAsync(message, TestContext.Current.CancellationToken));

        Assert.True(_toViewer.Reader.TryRead(out var read));
        Assert.Equal(message, read.Buffer.ToArray());
        Assert.Equal(whole, read.Buffer.IsSingleSegment);
    }

    [Fact]
    public async Task Who_writes_to_a_viewer_that_has_gone_is_told()
    {
        await _toViewer.Reader.CompleteAsync();

        await ConnectAsync(async connection => Assert.True((await connection.Transport.Output.WriteAsync(new byte[100], TestContext.Current.CancellationToken)).IsCompleted));
    }

    private async Task ConnectAsync(Func<ConnectionContext, Task> write)
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        var transport = new Duplex(new Pipe().Reader, _toViewer.Writer);
        await new ConnectionBuilder(services).UseWholeMessages().Run(connection => write(connection)).Build()(new DefaultConnectionContext("viewer", transport, transport));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
