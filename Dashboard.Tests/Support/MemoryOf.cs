using System.Globalization;

namespace Dashboard.Tests.Support;

/// <summary>What a process takes of the machine, as Linux tells it.</summary>
internal static class MemoryOf
{
    /// <summary>Resident memory in megabytes (10^6 bytes).</summary>
    public static double Resident(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
