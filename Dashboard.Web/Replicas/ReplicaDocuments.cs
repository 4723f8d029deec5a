namespace Dashboard.Web.Replicas;

/// <param name="Shares">Into how many parts the health checks are divided.</param>
/// <param name="ReachesStore">False while this console cannot renew its leases: the list is then as it last was.</param>
internal sealed record ReplicaListDocument(int Shares, bool ReachesStore, IReadOnlyList<ReplicaDocument> Replicas);

/// <summary>A console on this registry.</summary>
/// <param name="Self">It is the one that answers.</param>
/// <param name="Heard">It tells what only it hears; false: what its data planes do is unknown.</param>
/// <param name="SameToken">The same admin token signs in there; false: what one lets in the other refuses. Null = unknown, since it is not heard.</param>
/// <param name="Shares">How many parts of the health checks it holds.</param>
internal sealed record ReplicaDocument(Guid Id, string Url, bool Self, bool Heard, bool? SameToken, DateTimeOffset Started, int Shares);
