using System.Globalization;
using Microsoft.Extensions.Options;

namespace Dashboard.Web.Gateway.Remote;

/// <summary>
/// Keeps the last catalog on disk, so that a gateway that starts while every console is away serves by it. Written aside, forced to the disk and then renamed; at most every
/// <see cref="Pause"/>, the first change after a quiet time at once. While nothing changes it is renewed every <see cref="Renewal"/>, so that its age is that of the knowledge.
/// </summary>
internal sealed class CatalogKeeper(RemoteCatalog source, IOptions<GatewayOptions> options, TimeProvider time, ILogger<CatalogKeeper> logger) : BackgroundService
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(60);

    private readonly string? _path = options.Value.SnapshotPath;
    private readonly string _gateway = options.Value.Identity ?? "";
    private object? _written;
    private bool _off;
    private bool _failing;
    private long _writes;
    private long _failures;

    /// <summary>How often it was written since the start.</summary>
    public long Writes => Interlocked.Read(ref _writes);

    /// <summary>How often it could not be written since the start.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Load();
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        WriteIfNewer();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_path is null || _off)
        {
            return;
        }

        try
        {
            while (true)
            {
                using var subscription = source.Feed.Subscribe(capacity: 16);
                do
                {
                    while (subscription.TryRead(out _))
                    {
                    }

                    if (WriteIfNewer())
                    {
                        await Task.Delay(Pause, time, stoppingToken);
                    }
                }
                while (await ChangesOrIsDueAsync(subscription.WaitToReadAsync(stoppingToken).AsTask(), stoppingToken));
            }
        }
        catch (OperationCanceledException)
        {
            // The gateway stops, and writes for the last time.
        }
    }

    /// <summary>Writes the catalog if a console has confirmed it and it is not what the file says already. Returns whether it tried.</summary>
    internal bool WriteIfNewer(bool renew = false)
    {
        var catalog = source.Feed.Current;
        var knowledge = source.Knowledge;
        if (_path is null || _off || catalog.Generation == Guid.Empty || knowledge.FromDisk || (ReferenceEquals(catalog, _written) && !(renew && knowledge.StaleSince is null)))
        {
            return false;
        }

        var aside = string.Create(CultureInfo.InvariantCulture, $"{_path}.{Environment.ProcessId}.tmp");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            var create = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(aside, create))
            {
                file.Write(CatalogFile.Encode(_gateway, catalog, knowledge.StaleSince ?? time.GetUtcNow()));
                file.Flush(flushToDisk: true);
            }

            File.Move(aside, _path, overwrite: true);
            _written = catalog;
            _failing = false;
            Interlocked.Increment(ref _writes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Interlocked.Increment(ref _failures);
            if (!_failing)
            {
                _failing = true;
                Log.NotWritten(logger, _path, failure.Message, null);
            }
        }

        return true;
    }

    // A subscription that ended (overflow) is opened again by the caller; the time for a renewal writes and goes on.
    private async Task<bool> ChangesOrIsDueAsync(Task<bool> changes, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await changes.WaitAsync(Renewal, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                WriteIfNewer(renew: true);
            }
        }
    }

    private void Load()
    {
        if (_path is null)
        {
            return;
        }

        try
        {
            if (!File.Exists(_path))
            {
                return;
            }

            var content = CatalogFile.Decode(File.ReadAllBytes(_path), _gateway);
            var age = time.GetUtcNow() - content.AsOf;
            if (content.Catalog is not { } catalog)
            {
                _off = content.IsForeign;
                (_off ? Log.Foreign : Log.Refused)(logger, _path, content.Fault!, null);
            }
            else if (age > options.Value.SnapshotMaximumAge)
            {
                Log.Refused(logger, _path, string.Create(CultureInfo.InvariantCulture, $"it is {age.TotalHours:0} h old, more than Gateway:SnapshotMaximumAge"), null);
            }
            else
            {
                source.StartFrom(catalog, content.AsOf);
                Log.Loaded(logger, _path, catalog.Revision, (long)Math.Max(0, age.TotalSeconds), null);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.Refused(logger, _path, failure.Message, null);
        }
    }

    private static class Log
    {
        public static readonly Action<ILogger, string, string, Exception?> Refused = LoggerMessage.Define<string, string>(
            LogLevel.Error, new(1, "SnapshotRefused"), "The snapshot {Path} is not used: {Reason}. The gateway waits for a console, and then writes a new one");

        public static readonly Action<ILogger, string, string, Exception?> Foreign = LoggerMessage.Define<string, string>(
            LogLevel.Error, new(2, "SnapshotForeign"), "The file {Path} is not used and not overwritten: {Reason}. Until it is removed, or Gateway:Snapshot names another one, no snapshot is kept");

        public static readonly Action<ILogger, string, long, long, Exception?> Loaded = LoggerMessage.Define<string, long, long>(
            LogLevel.Warning, new(3, "SnapshotLoaded"), "Starting from the snapshot {Path} at revision {Revision}, which is {Age} s old, until a console answers");

        public static readonly Action<ILogger, string, string, Exception?> NotWritten = LoggerMessage.Define<string, string>(
            LogLevel.Error, new(4, "SnapshotNotWritten"), "The snapshot {Path} cannot be written: {Reason}. While that is so, a gateway that restarts without a console knows less");
    }
}
