namespace Dashboard.Web.Console.Shell;

/// <summary>What of a page's keys has something to act on at the moment, as the browser sees it.</summary>
/// <param name="Search">There is a field to search in.</param>
/// <param name="Table">It is the topology, and not empty.</param>
/// <param name="Graph">The topology is drawn.</param>
public sealed record KeysHere(bool Search, bool Table, bool Graph);
