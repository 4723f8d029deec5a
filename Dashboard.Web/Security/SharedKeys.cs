namespace Dashboard.Web.Security;

/// <summary>Where the keys of the session cookies are kept for all consoles on one database. Each call throws while the database is away.</summary>
/// <param name="Read">Every key's XML, oldest first.</param>
/// <param name="Add">Adds a key: name and XML.</param>
/// <param name="Alone">Runs an action while no other console runs one.</param>
public sealed record SharedKeys(Func<IReadOnlyList<string>> Read, Action<string, string> Add, Action<Action> Alone);
