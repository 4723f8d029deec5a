using Microsoft.AspNetCore.Http;

namespace Dashboard.Tests.Support;

/// <summary>An instance that can die in two ways: its process is gone, or only its health check finds out.</summary>
internal sealed class DyingBackend : IAsyncDisposable
{
    private readonly HashSet<string> _seen = [];
    private Backend? _backend;
    private volatile bool _ill;

    public string Id => _backend!.Id;

    public int Port => _backend!.Port;

    public static async Task<DyingBackend> StartAsync(string id)
    {
        var dying = new DyingBackend();
        dying._backend = await Backend.StartAsync(id, dying.HandleAsync);
        return dying;
    }

    public Task DieAsync(bool gone)
    {
        _ill = true;
        return gone ? _backend!.KillAsync() : Task.CompletedTask;
    }

    public bool Saw(string round)
    {
        lock (_seen)
        {
            return _seen.Contains(round);
        }
    }

    public ValueTask DisposeAsync() => _backend!.DisposeAsync();

    private Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.TrimStart('/');
        if (path == "healthz")
        {
            context.Response.StatusCode = _ill ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
            return Task.CompletedTask;
        }

        lock (_seen)
        {
            _seen.Add(path);
        }

        return context.Response.WriteAsync(Id);
    }
}
