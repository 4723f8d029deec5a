using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Validate;

namespace Dashboard.Tests.Core.Discovery.Xds;

/// <summary>Checks a message by the rules that stand in its .proto files (protoc-gen-validate), as Envoy does before it takes a resource. Knows the kinds of rules that the resources here meet.</summary>
internal static class ValidateRules
{
    private static readonly TypeRegistry Known = TypeRegistry.FromFiles(
        Envoy.Extensions.Filters.Network.HttpConnectionManager.V3.HttpConnectionManagerReflection.Descriptor,
        Envoy.Extensions.Filters.Http.Router.V3.RouterReflection.Descriptor,
        Envoy.Extensions.Upstreams.Http.V3.HttpProtocolOptionsReflection.Descriptor);

    /// <summary>Every fault with its path; empty for a message that is as it should be.</summary>
    public static IReadOnlyList<string> Faults(IMessage message)
    {
        var faults = new List<string>();
        Check(message, message.Descriptor.Name, faults);
        return faults;
    }

    private static void Check(IMessage message, string path, List<string> faults)
    {
        if (message is Any any)
        {
            if (Known.Find(Any.GetTypeName(any.TypeUrl)) is { } type)
                Check(type.Parser.ParseFrom(any.Value), $"{path}<{type.Name}>", faults);

            return;
        }

        foreach (var oneof in message.Descriptor.Oneofs.Where(oneof => !oneof.IsSynthetic && oneof.GetOptions()?.GetExtension(ValidateExtensions.Required) == true))
        {
            if (oneof.Accessor.GetCaseFieldDescriptor(message) is null)
                faults.Add($"{path}: one of {oneof.Name} is required");
        }

        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            var value = field.Accessor.GetValue(message);
            var rules = field.GetOptions()?.GetExtension(ValidateExtensions.Rules);
            var place = $"{path}.{field.Name}";
            if (field.IsMap)
            {
                foreach (var item in ((System.Collections.IDictionary)value).Values.OfType<IMessage>())
                    Check(item, place, faults);
            }
            else if (field.IsRepeated)
            {
                var items = (System.Collections.IList)value;
                if (rules?.Repeated is { } repeated)
                {
                    if ((ulong)items.Count < repeated.MinItems)
                        faults.Add($"{place}: has {items.Count} items, at least {repeated.MinItems} are required");

                    foreach (var item in items)
                        One(repeated.Items, item, place, faults);
                }

                foreach (var item in items.OfType<IMessage>())
                    Check(item, place, faults);
            }
            else if (field.ContainingOneof is { IsSynthetic: false } oneof && oneof.Accessor.GetCaseFieldDescriptor(message) != field)
            {
                // Another of them is set.
            }
            else if (value is null)
            {
                if (rules?.Message?.Required == true || rules?.Any?.Required == true || rules?.Duration?.Required == true)
                    faults.Add($"{place}: is required");
            }
            else
            {
                One(rules, value, place, faults);
                if (value is IMessage inner)
                    Check(inner, place, faults);
            }
        }
    }

    private static void One(FieldRules? rules, object value, string place, List<string> faults)
    {
        switch (value)
        {
            case string text when rules?.String is { } of && !(of.IgnoreEmpty && text.Length == 0):
                if ((ulong)text.Length < of.MinLen || (of.HasMaxLen && (ulong)text.Length > of.MaxLen))
                    faults.Add($"{place}: has {text.Length} characters");
                break;
            case uint number when rules?.Uint32 is { } of:
                if ((of.HasGte && number < of.Gte) || (of.HasGt && number <= of.Gt) || (of.HasLte && number > of.Lte) || (of.HasLt && number >= of.Lt))
                    faults.Add($"{place}: is {number}");
                break;
            case double number when rules?.Double is { } of:
                if ((of.HasGte && number < of.Gte) || (of.HasLte && number > of.Lte))
                    faults.Add($"{place}: is {number}");
                break;
            case Duration span when rules?.Duration is { } of:
                if ((of.Gt is { } gt && span.ToTimeSpan() <= gt.ToTimeSpan()) || (of.Gte is { } gte && span.ToTimeSpan() < gte.ToTimeSpan()))
                    faults.Add($"{place}: is {span}");
                break;
            case System.Enum chosen when rules?.Enum?.DefinedOnly == true:
                if (!System.Enum.IsDefined(chosen.GetType(), chosen))
                    faults.Add($"{place}: is {chosen}");
                break;
        }
    }
}
