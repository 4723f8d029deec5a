namespace Dashboard.Core.Registry;

/// <summary>Names one instance of one service.</summary>
public readonly record struct InstanceKey(string Service, string Id)
{
    public override string ToString() => $"{Service}/{Id}";
}
