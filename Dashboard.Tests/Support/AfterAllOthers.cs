using System.Collections.Concurrent;
using System.Reflection;
using Dashboard.Tests.Support;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestFramework(typeof(AfterAllOthers))]

namespace Dashboard.Tests.Support;

/// <summary>
/// xunit with one rule of its own: collections that are not parallel run after all others, in their order, but two at a time. They start whole programs and wait for them for most of their time; beside tests that
/// take the whole processor a browser would starve.
/// </summary>
public sealed class AfterAllOthers : XunitTestFramework
{
    private const int Lanes = 2;

    protected override ITestFrameworkExecutor CreateExecutor(Assembly assembly) => new Executor(new XunitTestAssembly(assembly, configFilePath: null));

    private sealed class Executor(IXunitTestAssembly assembly) : XunitTestFrameworkExecutor(assembly)
    {
        public override async ValueTask RunTestCases(IReadOnlyCollection<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions, CancellationToken cancellationToken) =>
            await new Runner().Run(TestAssembly, testCases, executionMessageSink, executionOptions, cancellationToken);
    }

    private sealed class Runner : XunitTestAssemblyRunner
    {
        private readonly ConcurrentQueue<(IXunitTestCollection Collection, List<IXunitTestCase> TestCases)> _last = new();

        protected override List<(IXunitTestCollection Collection, List<IXunitTestCase> TestCases)> OrderTestCollections(XunitTestAssemblyRunnerContext ctxt)
        {
            var all = base.OrderTestCollections(ctxt);
            if (ctxt.ParallelMode == ParallelMode.None)
                return all;
            foreach (var each in all.Where(each => each.Collection.DisableParallelization))
                _last.Enqueue(each);
            return [.. all.Where(each => !each.Collection.DisableParallelization)];
        }

        protected override async ValueTask<RunSummary> RunTestCollections(XunitTestAssemblyRunnerContext ctxt, Exception? exception)
        {
            var summary = await base.RunTestCollections(ctxt, exception);
            foreach (var lane in await Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => Task.Run(() => RunLaneAsync(ctxt)))))
                summary.Aggregate(lane);
            return summary;
        }

        private async Task<RunSummary> RunLaneAsync(XunitTestAssemblyRunnerContext ctxt)
        {
            var summary = new RunSummary();
            while (!ctxt.CancellationTokenSource.IsCancellationRequested && _last.TryDequeue(out var next))
                summary.Aggregate(await RunTestCollection(ctxt, next.Collection, next.TestCases));
            return summary;
        }
    }
}
