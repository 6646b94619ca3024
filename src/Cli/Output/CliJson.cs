using System.Text.Json.Serialization;
using Strata.Api.Control;
using Strata.Api.Machines;

namespace Strata.Cli.Output;

/// <summary>What the verbs print with <c>--json</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(ErrorRecord))]
[JsonSerializable(typeof(IReadOnlyList<StatusRecord>))]
[JsonSerializable(typeof(VersionRecord))]
[JsonSerializable(typeof(IReadOnlyList<CheckRecord>))]
[JsonSerializable(typeof(ProgressRecord))]
[JsonSerializable(typeof(IReadOnlyList<ImageRecord>))]
[JsonSerializable(typeof(PullRecord))]
internal sealed partial class CliJson : JsonSerializerContext;

/// <summary>An image in the cache: a kernel with its initial file system, or a firmware with what it starts.</summary>
internal sealed record ImageRecord(
    string Name, string Version, long SizeBytes, DateTimeOffset Created, string? KernelVersion, string? Kernel, string? Initrd, string? Firmware, string? Payload);

/// <summary>What <c>pull --json</c> prints.</summary>
internal sealed record PullRecord(ImageRecord Image, bool Changed, long BytesDownloaded, double ElapsedSeconds);

/// <summary>What <c>version --json</c> prints.</summary>
internal sealed record VersionRecord(string Version, int ControlProtocol, string Runtime);

/// <summary>One line of <c>doctor --json</c>.</summary>
internal sealed record CheckRecord(string Name, CheckResult Result, string Found, string? Hint);

/// <summary>How a check of the doctor ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckResult>))]
internal enum CheckResult
{
    /// <summary>As it should be.</summary>
    [JsonStringEnumMemberName("ok")]
    Ok,

    /// <summary>Something will not work, or slowly.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>Machines cannot run.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>One line of progress with <c>--progress json</c>.</summary>
internal sealed record ProgressRecord(string Step, string Awaited, long? BytesDone, long? BytesTotal, double ElapsedSeconds);
