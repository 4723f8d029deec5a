using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Dashboard.Web.Security;

/// <summary>
/// The keys of the session cookies, from where all consoles keep them. While that is away what was read last goes on being valid. Keys of a console that kept its own in files before
/// are taken along, so that nobody has to sign in again.
/// </summary>
internal sealed partial class SharedKeyRepository(SharedKeys keys, DirectoryInfo? files, IServiceProvider services, ILogger<SharedKeyRepository> logger) : IXmlRepository, IHostedService
{
    private IReadOnlyList<string> _read = [];

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        try
        {
            Volatile.Write(ref _read, keys.Read());
        }
        catch (Exception away)
        {
            LogAway(_read.Count, away.Message);
        }

        return [.. Volatile.Read(ref _read).Select(XElement.Parse)];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        var xml = element.ToString(SaveOptions.DisableFormatting);
        keys.Add(friendlyName, xml);
        Volatile.Write(ref _read, [.. _read, xml]);
    }

    /// <summary>Makes the first key where there is none. Consoles that start together take turns, so that they agree about it.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                keys.Alone(() =>
                {
                    if (keys.Read().Count == 0)
                        TakeFiles();
                    services.GetRequiredService<IDataProtectionProvider>().CreateProtector("start").Protect([1]);
                });
            }
            catch (Exception away)
            {
                LogAway(0, away.Message);
            }
        },
        cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void TakeFiles()
    {
        if (files is not { Exists: true })
            return;

        foreach (var file in files.EnumerateFiles("key-*.xml").OrderBy(file => file.CreationTimeUtc))
            keys.Add(Path.GetFileNameWithoutExtension(file.Name), XElement.Load(file.FullName).ToString(SaveOptions.DisableFormatting));
    }

    [LoggerMessage(LogLevel.Warning, "The keys of the sessions cannot be read; going on with the {Known} that are known: {Reason}")]
    private partial void LogAway(int known, string reason);
}
