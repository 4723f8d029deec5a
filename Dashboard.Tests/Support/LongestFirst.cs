using Dashboard.Tests.Core.Postgres;
using Dashboard.Tests.Support;
using Dashboard.Tests.Web;
using Dashboard.Tests.Web.Replicas;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]
[assembly: TestClassOrderer(typeof(LongestFirst))]

namespace Dashboard.Tests.Support;

/// <summary>
/// Begins with the collections that take minutes, so that none of them is left over with nothing to run beside it; the others, and the classes of one collection, follow by name: in the same order in each run and
/// wherever the repository lies.
/// </summary>
public sealed class LongestFirst : ITestCollectionOrderer, ITestClassOrderer
{
    private static readonly string[] Long =
    [
        .. new[] { typeof(ConsoleKillTests), typeof(KillTests), typeof(ChurnTests) }.Select(type => type.FullName!),
        // After all others.
        PressingPrograms.Name, WaitingPrograms.Name, ThreeConsolesCollection.Name,
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(collection => Rank(collection.TestCollectionDisplayName)).ThenBy(collection => collection.TestCollectionDisplayName, StringComparer.Ordinal)];

    public IReadOnlyCollection<TTestClass?> OrderTestClasses<TTestClass>(IReadOnlyCollection<TTestClass?> testClasses)
        where TTestClass : ITestClass =>
        [.. testClasses.OrderBy(type => type?.TestClassName, StringComparer.Ordinal)];

    // A class without a collection is one of its own, named after it.
    private static int Rank(string name)
    {
        var rank = Array.FindIndex(Long, known => name == known || name.Contains($" {known} ", StringComparison.Ordinal));
        return rank < 0 ? Long.Length : rank;
    }
}
