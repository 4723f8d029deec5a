namespace Dashboard.Tests.Benchmarks;

/// <summary>Something that <c>bench NAME</c> runs. Found by its type; needs a constructor without parameters.</summary>
internal interface IBenchmark
{
    /// <summary>For example <c>drain-under-load</c>.</summary>
    string Name { get; }

    /// <summary>Runs it and prints its figures. Returns 0 when its goals are met, else 1.</summary>
    Task<int> RunAsync(string[] args, CancellationToken cancellationToken);
}
