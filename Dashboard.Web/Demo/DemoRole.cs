namespace Dashboard.Web.Demo;

/// <summary>The <c>demo</c> role: the demo mesh as a process of its own, which knows the console by its addresses alone.</summary>
public static class DemoRole
{
    /// <summary>Runs until it is told to stop.</summary>
    /// <param name="check">Looks at the configuration first, and throws where it cannot be run with.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="InvalidOperationException">A configuration key holds no address.</exception>
    public static async Task<int> RunAsync(string[] arguments, Action<IConfiguration> check)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
        check(builder.Configuration);
        var options = DemoOptions.From(builder.Configuration);
        builder.Services.AddDemo(_ => options);
        await builder.Build().RunAsync();
        return 0;
    }
}
