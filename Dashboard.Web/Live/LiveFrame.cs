using Microsoft.AspNetCore.SignalR;

namespace Dashboard.Web.Live;

/// <summary>A frame ready to send: <see cref="SerializedHubMessage"/> encodes it at its first sending and hands the same bytes to every viewer after.</summary>
/// <param name="Sequence">Its place in its stream.</param>
internal sealed record LiveFrame(long Sequence, SerializedHubMessage Message);
