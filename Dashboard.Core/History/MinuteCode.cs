using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Dashboard.Core.Registry;
using Dashboard.Core.Traffic;

namespace Dashboard.Core.History;

/// <summary>
/// The stored form of a <see cref="ServiceMinute"/>. Version 1: the byte 1; completed and failures of the whole; the histogram as a number of pairs of (distance from the bucket
/// before, count); the number of callers, each a name, its counts and quantiles; the number of instances, each an id, its counts and quantiles, requests in flight, of these long-lived,
/// and 1 where that is known. A number is a variable-length integer, 7 bits a byte, lowest first. A name is how many bytes it shares with the name before and the rest after its length. Counts are
/// requests, completed, failures. Quantiles are p50, p95, p99 as a bucket of <see cref="LatencyBuckets"/> plus one, 0 = none measured; they are left out where nothing completed.
/// </summary>
public static class MinuteCode
{
    private const byte Version = 1;

    public static byte[] Encode(ServiceMinute minute)
    {
        ArgumentNullException.ThrowIfNull(minute);
        var writer = new Writer();
        writer.Number(Version);
        writer.Number(minute.Completed);
        writer.Number(minute.Failures);
        var buckets = 0;
        foreach (var _ in minute.Latency)
            buckets++;
        writer.Number(buckets);
        var before = -1;
        foreach (var (bucket, count) in minute.Latency)
        {
            writer.Number(bucket - before - 1);
            writer.Number(count);
            before = bucket;
        }

        writer.Number(minute.Callers.Length);
        foreach (var caller in minute.Callers)
        {
            writer.Name(caller.Key.Source);
            writer.Figures(caller.Figures);
        }

        writer.Forget();
        writer.Number(minute.Instances.Length);
        foreach (var instance in minute.Instances)
        {
            writer.Name(instance.Key.Id);
            writer.Figures(instance.Figures);
            writer.Number(instance.InFlight);
            writer.Number(instance.LongLived);
            writer.Number(instance.InFlightComplete ? 1 : 0);
        }

        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="InvalidDataException">These are no such bytes, or a later version's.</exception>
    public static ServiceMinute Decode(string service, DateTimeOffset minute, int unknown, long requests, ReadOnlySpan<byte> stored)
    {
        var reader = new Reader(stored);
        if (reader.Number() is var version && version != Version)
            throw new InvalidDataException($"The roll-up of {service} at {minute:u} has version {version}; this console reads {Version}.");

        var (completed, failures) = (reader.Number(), reader.Number());
        Span<long> counts = stackalloc long[LatencyBuckets.Count];
        counts.Clear();
        var bucket = -1L;
        for (var left = reader.Number(); left > 0; left--)
        {
            bucket += reader.Number() + 1;
            if (bucket >= counts.Length)
                throw Broken();
            counts[(int)bucket] = reader.Number();
        }

        var until = minute.AddMinutes(1);
        var known = 60 - unknown;
        var callers = ImmutableArray.CreateBuilder<EdgeTraffic>();
        for (var left = reader.Number(); left > 0; left--)
            callers.Add(new(new(reader.Name(), service), reader.Figures(known), until));

        reader.Forget();
        var instances = ImmutableArray.CreateBuilder<InstanceTraffic>();
        for (var left = reader.Number(); left > 0; left--)
        {
            var key = new InstanceKey(service, reader.Name());
            var figures = reader.Figures(known);
            instances.Add(new(key, figures, reader.Number(), reader.Number(), reader.Number() == 1, figures.Requests > 0 ? until : null));
        }

        return new()
        {
            Service = service,
            Minute = minute,
            UnknownSeconds = unknown,
            Requests = requests,
            Completed = completed,
            Failures = failures,
            Latency = bucket < 0 ? LatencyHistogram.Empty : LatencyHistogram.FromCounts(counts),
            Callers = callers.ToImmutable(),
            Instances = instances.ToImmutable(),
        };
    }

    private static InvalidDataException Broken() => new("A stored roll-up ends early or holds what it cannot.");

    private sealed class Writer
    {
        private readonly ArrayBufferWriter<byte> _bytes = new(256);
        private byte[] _name = [];

        public void Number(long value)
        {
            var rest = (ulong)Math.Max(0, value);
            var span = _bytes.GetSpan(10);
            var length = 0;
            for (; rest >= 0x80; rest >>= 7)
                span[length++] = (byte)(rest | 0x80);
            span[length++] = (byte)rest;
            _bytes.Advance(length);
        }

        public void Name(string name)
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            var shared = bytes.AsSpan().CommonPrefixLength(_name);
            Number(shared);
            Number(bytes.Length - shared);
            _bytes.Write(bytes.AsSpan(shared));
            _name = bytes;
        }

        public void Forget() => _name = [];

        public void Figures(TrafficFigures figures)
        {
            Number(figures.Requests);
            Number(figures.Completed);
            Number(figures.Failures);
            if (figures.Completed == 0)
                return;

            Quantile(figures.P50Ms);
            Quantile(figures.P95Ms);
            Quantile(figures.P99Ms);
        }

        public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

        private void Quantile(double? milliseconds) => Number(milliseconds is { } value ? LatencyBuckets.IndexOf(TimeSpan.FromTicks((long)Math.Round(value * TimeSpan.TicksPerMillisecond))) + 1 : 0);
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private byte[] _name = [];
        private int _position;

        public long Number()
        {
            var value = 0UL;
            for (var shift = 0; shift < 64; shift += 7)
            {
                if (_position >= _bytes.Length)
                    throw Broken();
                var part = _bytes[_position++];
                value |= (ulong)(part & 0x7F) << shift;
                if (part < 0x80)
                    return (long)value;
            }

            throw Broken();
        }

        public string Name()
        {
            var (shared, length) = (Number(), Number());
            if (shared > _name.Length || length < 0 || length > _bytes.Length - _position)
                throw Broken();
            _name = [.. _name.AsSpan(0, (int)shared), .. _bytes.Slice(_position, (int)length)];
            _position += (int)length;
            return Encoding.UTF8.GetString(_name);
        }

        public void Forget() => _name = [];

        public TrafficFigures Figures(int known)
        {
            var (requests, completed, failures) = (Number(), Number(), Number());
            return completed == 0
                ? new(requests, completed, failures, ServiceMinute.Rate(requests, known), null, null, null)
                : new(requests, completed, failures, ServiceMinute.Rate(requests, known), Quantile(), Quantile(), Quantile());
        }

        private double? Quantile() => Number() is > 0 and var bucket and <= LatencyBuckets.Count ? LatencyBuckets.Representative((int)bucket - 1).TotalMilliseconds : null;
    }
}
