using Dashboard.Core.Postgres.Embedded;
using Dashboard.Web;
using Dashboard.Web.Demo;

try
{
    if (StoreCommands.Handles(args))
        return await StoreCommands.RunAsync(args);

    var arguments = CommandLine.Rewrite(args);
    StartException.ThrowIfAny("program", CommandLine.FaultsOf(arguments));
    switch (CommandLine.RoleOf(arguments))
    {
        case "console":
            return await ConsoleRole.RunAsync(arguments);
        case "gateway":
            return await GatewayProcess.RunAsync(arguments);
        case "demo":
            return await DemoRole.RunAsync(arguments, configuration => StartException.ThrowIfAny("demo mesh", StartSettings.FaultsOf(configuration, "demo")));
        case var role:
            throw new StartException($"There is no role '{role}'; the roles are console (the default), gateway and demo.");
    }
}
catch (Exception failure) when (failure is StartException or EmbeddedPostgresException)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
