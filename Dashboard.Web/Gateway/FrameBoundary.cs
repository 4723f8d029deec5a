namespace Dashboard.Web.Gateway;

/// <summary>Follows the bytes of one direction of a WebSocket and knows whether they end with a whole frame (RFC 6455, 5.2). Looks at headers only.</summary>
internal struct FrameBoundary
{
    private const int Mask = 0x80;
    private ulong _payload;
    private int _headerRead;
    private int _headerLength;
    private int _lengthBytes;
    private bool _masked;

    /// <summary>True before the first byte and after the last byte of a frame.</summary>
    public readonly bool IsBetweenFrames => _headerRead == 0 && _payload == 0;

    public void Advance(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[Step(bytes)..];
        }
    }

    /// <summary>Advances to the end of the frame that the bytes begin in or with; stops there. Returns how many bytes that took: all of them when the frame goes on.</summary>
    public int AdvanceToBoundary(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (taken < bytes.Length)
        {
            taken += Step(bytes[taken..]);
            if (IsBetweenFrames)
            {
                break;
            }
        }

        return taken;
    }

    private int Step(ReadOnlySpan<byte> bytes)
    {
        if (_headerRead == 0 && _payload > 0)
        {
            var skipped = (int)Math.Min((ulong)bytes.Length, _payload);
            _payload -= (ulong)skipped;
            return skipped;
        }

        ReadHeader(bytes[0]);
        return 1;
    }

    private void ReadHeader(byte value)
    {
        _headerRead++;
        if (_headerRead == 1)
        {
            return;
        }

        if (_headerRead == 2)
        {
            _masked = (value & Mask) != 0;
            var length = value & ~Mask;
            _lengthBytes = length switch { 126 => 2, 127 => 8, _ => 0 };
            _payload = _lengthBytes == 0 ? (ulong)length : 0;
            _headerLength = 2 + _lengthBytes + (_masked ? 4 : 0);
        }
        else if (_headerRead <= 2 + _lengthBytes)
        {
            _payload = (_payload << 8) | value;
        }

        if (_headerRead == _headerLength)
        {
            _headerRead = 0;
        }
    }
}
