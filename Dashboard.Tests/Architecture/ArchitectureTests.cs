using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Extensions;
using ArchUnitNET.Loader;
using Xunit;

namespace Dashboard.Tests.Architecture;

/// <summary>Who may know whom. The table is the design's; a change of it is a decision, not a repair of a test.</summary>
public sealed partial class ArchitectureTests
{
    private const string Core = "Dashboard.Core";
    private const string Web = "Dashboard.Web";

    private static readonly System.Reflection.Assembly CoreAssembly = System.Reflection.Assembly.Load(Core);
    private static readonly System.Reflection.Assembly WebAssembly = System.Reflection.Assembly.Load(Web);
    private static readonly ArchUnitNET.Domain.Architecture Loaded = new ArchLoader().LoadAssemblies(CoreAssembly, WebAssembly).Build();

    /// <summary>The folders of Core and what each may reference.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Feeds"] = [],
        ["Registry"] = ["Feeds"],
        ["Balancing"] = ["Registry"],
        ["Health"] = ["Registry", "Feeds"],
        ["Traffic"] = ["Registry", "Feeds"],
        ["Topology"] = ["Registry", "Balancing", "Traffic", "Feeds"],
        ["Discovery"] = ["Registry", "Balancing", "Feeds"],
        ["Operations"] = ["Registry", "Balancing", "Traffic", "Discovery", "Feeds"],
        // Looks at everything that may need a person; nobody in Core looks at it but the store that implements its port.
        ["Attention"] = ["Registry", "Balancing", "Traffic", "Discovery", "Operations", "Feeds"],
        // What consoles on one registry tell one another: it carries what these hear, and none of them knows of it.
        ["Replicas"] = ["Registry", "Health", "Traffic", "Discovery", "Feeds"],
        // The past of registry, traffic and health together; it divides its writing as health checks are divided.
        ["History"] = ["Registry", "Health", "Traffic", "Feeds"],
        ["Integrations"] = ["Registry", "Traffic"],
        ["Postgres"] = ["Feeds", "Registry", "Balancing", "Health", "Traffic", "Topology", "Discovery", "Operations", "Attention", "History", "Integrations"],
    };

    // Http reads requests and answers faults for Api and Discovery alike; it knows none of them.
    private static readonly string[] WebFolders = ["Api", "Console", "Demo", "Discovery", "Gateway", "Http", "Live", "Replicas", "Security", "Telemetry"];

    /// <summary>Foreign namespaces and the only places that may use them. A folder stands for what lies in it.</summary>
    private static readonly Dictionary<string, string[]> Adapters = new(StringComparer.Ordinal)
    {
        ["Microsoft.EntityFrameworkCore"] = ["Dashboard.Core.Postgres"],
        ["Npgsql"] = ["Dashboard.Core.Postgres"],
        ["DbUp"] = ["Dashboard.Core.Postgres"],
        ["Yarp"] = ["Dashboard.Web.Gateway"],
        ["MudBlazor"] = ["Dashboard.Web.Console"],
        ["OpenTelemetry"] = ["Dashboard.Web.Telemetry"],
        ["Scalar"] = ["Dashboard.Web.Api"],
        ["Microsoft.AspNetCore.SignalR"] = ["Dashboard.Web.Live"],
        ["Grpc"] = ["Dashboard.Core.Health", "Dashboard.Core.Discovery.Xds", "Dashboard.Web.Discovery.Xds", "Dashboard.Web.Demo"],
        ["Google.Protobuf"] = ["Dashboard.Core.Health", "Dashboard.Core.Discovery.Xds", "Dashboard.Web.Discovery.Xds", "Dashboard.Web.Demo"],
        ["Envoy"] = ["Dashboard.Core.Discovery.Xds", "Dashboard.Web.Discovery.Xds"],
        ["ARSoft"] = ["Dashboard.Core.Discovery.Dns", "Dashboard.Web.Discovery.Dns"],
        ["k8s"] = ["Dashboard.Core.Integrations.Kubernetes"],
        ["Docker"] = ["Dashboard.Core.Integrations.Docker"],
    };

    [Fact]
    public void Cores_folders_reference_along_the_arrows_and_no_others() => AssertNone(
        from use in Uses()
        where use.From.StartsWith(Core + ".", StringComparison.Ordinal) && use.To.StartsWith(Core + ".", StringComparison.Ordinal)
        let source = Folder(use.From, Core)
        let target = Folder(use.To, Core)
        where source != target && !(Arrows.TryGetValue(source, out var allowed) && allowed.Contains(target))
        select $"{use.Origin} -> {use.Target}");

    [Fact]
    public void Every_folder_of_Core_is_in_the_table() =>
        Assert.Empty(Namespaces(Core).Select(name => Folder(name, Core)).Where(folder => folder.Length > 0).Distinct().Except(Arrows.Keys, StringComparer.Ordinal));

    [Fact]
    public void Every_folder_of_Web_is_known() =>
        Assert.Empty(Namespaces(Web).Select(name => Folder(name, Web)).Where(folder => folder.Length > 0).Distinct().Except(WebFolders, StringComparer.Ordinal));

    [Fact]
    public void No_cycle_between_top_folders()
    {
        var edges = Uses().Select(use => (From: Top(use.From), To: Top(use.To))).Where(edge => edge.From != edge.To && edge.From.Length > 0 && edge.To.Length > 0).Distinct().ToLookup(edge => edge.From, edge => edge.To);
        foreach (var folder in edges.Select(edge => edge.Key))
        {
            var reached = new HashSet<string>(StringComparer.Ordinal);
            var open = new Stack<string>(edges[folder]);
            while (open.TryPop(out var next))
            {
                if (reached.Add(next))
                {
                    foreach (var further in edges[next])
                    {
                        open.Push(further);
                    }
                }
            }

            Assert.False(reached.Contains(folder), $"{folder} reaches itself over {string.Join(", ", reached.Order(StringComparer.Ordinal))}");
        }
    }

    [Fact]
    public void Core_knows_neither_Web_nor_a_web_framework()
    {
        string[] foreign = ["Dashboard.Web", "Microsoft.AspNetCore", "MudBlazor", "Yarp", "Grpc.AspNetCore"];

        Assert.DoesNotContain(CoreAssembly.GetReferencedAssemblies(), name => foreign.Any(part => name.Name!.StartsWith(part, StringComparison.Ordinal)));
    }

    [Fact]
    public void Webs_folders_never_reference_a_sibling() => AssertNone(
        from use in Uses()
        where use.From.StartsWith(Web + ".", StringComparison.Ordinal) && use.To.StartsWith(Web + ".", StringComparison.Ordinal)
        let source = Folder(use.From, Web)
        let target = Folder(use.To, Web)
        where source != target && target != "Http" && !(target == "Security" && SecurityNames().IsMatch(use.Target))
        select $"{use.Origin} -> {use.Target}");

    [Fact]
    public void Only_what_composes_the_program_knows_the_store() => AssertNone(
        from use in Uses()
        where In(use.To, "Dashboard.Core.Postgres") && !In(use.From, "Dashboard.Core.Postgres") && Folder(use.From, Web).Length > 0
        select $"{use.Origin} -> {use.Target}");

    [Fact]
    public void The_demo_is_a_client_like_any_other() => AssertNone(
        from use in Uses()
        where In(use.From, "Dashboard.Web.Demo") && use.To.StartsWith("Dashboard.", StringComparison.Ordinal) && !In(use.To, "Dashboard.Web.Demo")
        select $"{use.Origin} -> {use.Target}");

    [Fact]
    public void Foreign_types_stay_inside_their_adapter() => AssertNone(
        from use in Uses()
        from adapter in Adapters
        where In(use.To, adapter.Key) && !adapter.Value.Any(place => In(use.From, place))
        // What composes the program may register services; generated code of a tool carries the tool's own attributes.
        where Folder(use.From, Web).Length > 0 || use.From.StartsWith(Core, StringComparison.Ordinal)
        where !In(use.From, "Microsoft") && !In(use.From, "System")
        select $"{use.Origin} -> {use.Target}");

    [Fact]
    public void Integrations_never_know_each_other() => AssertNone(
        from use in Uses()
        let source = Integration().Match(use.From)
        let target = Integration().Match(use.To)
        where source.Success && target.Success && source.Value != target.Value
        select $"{use.Origin} -> {use.Target}");

    [Fact]
    public void No_type_is_called_manager_helper_or_utils() => Assert.Empty(
        from type in Own()
        where DrawerNames().IsMatch(type.Name)
        select type.FullName);

    [Fact]
    public void Classes_of_Core_are_sealed_unless_something_inherits_from_them()
    {
        var inherited = CoreAssembly.GetTypes().Concat(WebAssembly.GetTypes())
            .Select(type => type.BaseType is { IsGenericType: true } generic ? generic.GetGenericTypeDefinition() : type.BaseType).ToHashSet();

        Assert.Empty(CoreAssembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false, IsSealed: false } && !inherited.Contains(type) && type.Namespace?.StartsWith(Core, StringComparison.Ordinal) == true && !type.Name.Contains('<', StringComparison.Ordinal))
            .Select(type => type.FullName));
    }

    [Fact]
    public void The_test_sees_what_it_is_about()
    {
        // Guards the guards: an empty or misread architecture would satisfy all of the rules.
        Assert.Contains(Uses(), use => use.From == "Dashboard.Core.Balancing" && use.To == "Dashboard.Core.Registry");
        Assert.Contains(Uses(), use => In(use.From, "Dashboard.Core.Postgres") && In(use.To, "Npgsql"));
        Assert.Contains(Uses(), use => In(use.From, "Dashboard.Web.Gateway") && In(use.To, "Yarp"));
        Assert.Contains(Uses(), use => In(use.From, "Dashboard.Web.Api") && In(use.To, "Dashboard.Core.Registry"));
    }

    private static IEnumerable<Use> Uses() =>
        from type in Own()
        from dependency in type.Dependencies
        let target = dependency.Target
        // Type parameters of generated methods are confused between contexts of one shape; they are no reference.
        where target is not GenericParameter && target.Namespace is not null && target.FullName != type.FullName
        select new Use(type.FullName, target.FullName, type.Namespace.FullName, target.Namespace.FullName);

    private static IEnumerable<IType> Own() => Loaded.Types.Where(type => type.Namespace.FullName is var name && (name.StartsWith(Core, StringComparison.Ordinal) || name.StartsWith(Web, StringComparison.Ordinal)));

    private static IEnumerable<string> Namespaces(string root) => Own().Select(type => type.Namespace.FullName).Where(name => In(name, root)).Distinct();

    private static bool In(string name, string place) => name.StartsWith(place, StringComparison.Ordinal) && (name.Length == place.Length || name[place.Length] == '.');

    /// <summary>The top folder inside a project; empty for its root and for other projects.</summary>
    private static string Folder(string name, string root) => name.Length > root.Length && In(name, root) ? name[(root.Length + 1)..].Split('.')[0] : "";

    private static string Top(string name) => Folder(name, Core) is { Length: > 0 } core ? $"Core/{core}" : Folder(name, Web) is { Length: > 0 } web ? $"Web/{web}" : "";

    private static void AssertNone(IEnumerable<string> violations)
    {
        var found = violations.Distinct().Order(StringComparer.Ordinal).ToArray();
        Assert.True(found.Length == 0, $"{found.Length} reference(s) against the design:\n{string.Join('\n', found)}");
    }

    [GeneratedRegex(@"^Dashboard\.Web\.Security\.\w*(Polic|Roles|Names|Claims)")]
    private static partial Regex SecurityNames();

    [GeneratedRegex(@"^Dashboard\.Core\.Integrations\.\w+")]
    private static partial Regex Integration();

    [GeneratedRegex("(Manager|Helpers?|Utils?|Utilities|Common)$")]
    private static partial Regex DrawerNames();

    private sealed record Use(string Origin, string Target, string From, string To);
}
