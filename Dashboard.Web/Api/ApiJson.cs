using System.Text.Json;
using System.Text.Json.Serialization;
using Dashboard.Core.Attention;
using Dashboard.Core.Attention.Webhooks;
using Dashboard.Core.Discovery;
using Dashboard.Core.Discovery.Wire;
using Dashboard.Core.History;
using Dashboard.Core.Operations;
using Dashboard.Core.Operations.Plans;
using Dashboard.Core.Registry;
using Dashboard.Core.Topology;
using Dashboard.Core.Traffic;
using Dashboard.Web.Http;
using Microsoft.AspNetCore.Mvc;

namespace Dashboard.Web.Api;

/// <summary>The API's JSON: camelCase, enumerations as camelCase words, null where there is nothing.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    Converters =
    [
        typeof(CamelCaseEnumConverter<ServiceProtocol>),
        typeof(CamelCaseEnumConverter<BalancingPolicy>),
        typeof(CamelCaseEnumConverter<CheckKind>),
        typeof(CamelCaseEnumConverter<DeadlineAction>),
        typeof(CamelCaseEnumConverter<IntentKind>),
        typeof(CamelCaseEnumConverter<HealthStatus>),
        typeof(CamelCaseEnumConverter<ActorKind>),
        typeof(CamelCaseEnumConverter<OperationOutcome>),
        typeof(CamelCaseEnumConverter<PlanKind>),
        typeof(CamelCaseEnumConverter<PlanState>),
        typeof(CamelCaseEnumConverter<PlanOrder>),
        typeof(CamelCaseEnumConverter<TargetState>),
        typeof(CamelCaseEnumConverter<WatchedFigure>),
        typeof(CamelCaseEnumConverter<WatchVerdict>),
        typeof(CamelCaseEnumConverter<RefusalKind>),
        typeof(CamelCaseEnumConverter<StageKind>),
        typeof(CamelCaseEnumConverter<StageState>),
        typeof(CamelCaseEnumConverter<FollowerKind>),
        typeof(CamelCaseEnumConverter<ServiceHealth>),
        typeof(CamelCaseEnumConverter<ShareVerdict>),
        typeof(CamelCaseEnumConverter<AlertRule>),
        typeof(CamelCaseEnumConverter<AlertSeverity>),
        typeof(CamelCaseEnumConverter<AlertState>),
        typeof(CamelCaseEnumConverter<AlertMarkKind>),
        typeof(CamelCaseEnumConverter<WebhookFormat>),
        typeof(CamelCaseEnumConverter<TrafficGrain>),
    ])]
[JsonSerializable(typeof(ServiceListDocument))]
[JsonSerializable(typeof(ServiceDocument))]
[JsonSerializable(typeof(RegistrationDocument))]
[JsonSerializable(typeof(ChangedDocument))]
[JsonSerializable(typeof(OperationDocument))]
[JsonSerializable(typeof(OperationListDocument))]
[JsonSerializable(typeof(PlanDocument))]
[JsonSerializable(typeof(PlanListDocument))]
[JsonSerializable(typeof(PlanStateDocument))]
[JsonSerializable(typeof(PreviewDocument))]
[JsonSerializable(typeof(AuditDocument))]
[JsonSerializable(typeof(VerificationDocument))]
[JsonSerializable(typeof(RegistryDocument))]
[JsonSerializable(typeof(WithheldDocument))]
[JsonSerializable(typeof(EntitySideDocument[]))]
[JsonSerializable(typeof(TopologyDocument))]
[JsonSerializable(typeof(TrafficDocument))]
[JsonSerializable(typeof(AlertListDocument))]
[JsonSerializable(typeof(SilenceListDocument))]
[JsonSerializable(typeof(MarkDocument))]
[JsonSerializable(typeof(HistoryDocument))]
[JsonSerializable(typeof(HistorySpanDocument))]
[JsonSerializable(typeof(EntryDocument))]
[JsonSerializable(typeof(OperatorDocument))]
[JsonSerializable(typeof(OperationStateDocument))]
[JsonSerializable(typeof(FollowerStateDocument))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(Fault[]))]
[JsonSerializable(typeof(List<Fault>))]
internal sealed partial class ApiJson : JsonSerializerContext;
