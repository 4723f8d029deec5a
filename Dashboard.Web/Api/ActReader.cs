using Dashboard.Core.Registry.Commands;
using Dashboard.Web.Http;

namespace Dashboard.Web.Api;

/// <summary>What every operator's act may say: why, based on which revision, against the guard, or only to see what would happen.</summary>
internal sealed record ActReader(string? Reason, long? ExpectedRevision, bool Override, bool DryRun)
{
    public static ActReader Read(RequestInput input, bool guarded = true)
    {
        var body = input.Body;
        var act = new ActReader(
            body.Text("reason", Formats.MaxReason, Formats.Reason, lines: true),
            body.Integer("expectedRevision", 0, long.MaxValue),
            guarded && (body.Bool("override") ?? false),
            body.Bool("dryRun") ?? false);
        if (act is { Override: true, Reason: null } && !body.Has("reason"))
            body.Fault("reason", "is required with override");

        return act;
    }

    public T Apply<T>(T command)
        where T : OperatorCommand => command with { Reason = Reason, ExpectedRevision = ExpectedRevision, Override = Override };
}
