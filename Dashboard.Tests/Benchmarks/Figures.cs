using System.Globalization;

namespace Dashboard.Tests.Benchmarks;

/// <summary>How benchmarks sum up what they measured.</summary>
internal static class Figures
{
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The value below which so many percent lie.</summary>
    public static double Percentile(IEnumerable<double> values, double percent)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(sorted.Length * percent / 100) - 1)];
    }

    public static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>The load of the machine over the last minute, where it tells: foreign work beside a benchmark spoils it.</summary>
    public static string Load => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    /// <summary>Resident memory of a process in MB.</summary>
    public static double ResidentMegabytes(int processId)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>Processor time that a process and its children have used, in seconds: tells cost apart from how busy the machine is.</summary>
    public static double CpuSeconds(int processId) => Processes().Where(known => known.Id == processId || known.Parent == processId).Sum(known => known.Ticks) / 100.0;

    /// <summary>The processes of the machine, by proc(5).</summary>
    public static IEnumerable<(int Id, int Parent, long Ticks)> Processes()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var id))
                continue;

            string line;
            try
            {
                line = File.ReadAllText($"{directory}/stat");
            }
            catch (IOException)
            {
                continue; // It has just ended.
            }

            // The program's name, in brackets, may hold blanks. After it: state, parent, ...
            var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            yield return (id, int.Parse(fields[1], CultureInfo.InvariantCulture), long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture));
        }
    }
}
