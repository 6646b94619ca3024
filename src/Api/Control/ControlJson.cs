using System.Text.Json;
using System.Text.Json.Serialization;
using Strata.Api.Debugging;
using Strata.Api.Machines;

namespace Strata.Api.Control;

/// <summary>Requests and replies as lines of JSON, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowOutOfOrderMetadataProperties = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(Request))]
[JsonSerializable(typeof(Reply))]
[JsonSerializable(typeof(StatusRecord))]
[JsonSerializable(typeof(IReadOnlyList<StatusRecord>))]
[JsonSerializable(typeof(ErrorRecord))]
[JsonSerializable(typeof(CodeRecord))]
[JsonSerializable(typeof(ProfileRecord))]
[JsonSerializable(typeof(ExitRecord))]
public sealed partial class ControlJson : JsonSerializerContext
{
    /// <summary>The line for <paramref name="request"/>, with its line feed.</summary>
    /// <exception cref="ControlProtocolException">It is too long.</exception>
    public static byte[] Line(Request request) => Bounded(JsonSerializer.SerializeToUtf8Bytes(request, Default.Request));

    /// <summary>The line for <paramref name="reply"/>, with its line feed.</summary>
    /// <exception cref="ControlProtocolException">It is too long.</exception>
    public static byte[] Line(Reply reply) => Bounded(JsonSerializer.SerializeToUtf8Bytes(reply, Default.Reply));

    /// <summary>The request in a line.</summary>
    /// <exception cref="ControlProtocolException">It is none.</exception>
    public static Request ParseRequest(ReadOnlySpan<byte> line) => Parse(line, Default.Request);

    /// <summary>The reply in a line.</summary>
    /// <exception cref="ControlProtocolException">It is none.</exception>
    public static Reply ParseReply(ReadOnlySpan<byte> line) => Parse(line, Default.Reply);

    private static T Parse<T>(ReadOnlySpan<byte> line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(line, type) ?? throw new ControlProtocolException("the line is null");
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            throw new ControlProtocolException(failure.Message);
        }
    }

    private static byte[] Bounded(byte[] json)
    {
        if (json.Length >= ControlProtocol.MaximumLineBytes)
            throw new ControlProtocolException($"a line of {json.Length} bytes is longer than {ControlProtocol.MaximumLineBytes}");
        Array.Resize(ref json, json.Length + 1);
        json[^1] = (byte)'\n';
        return json;
    }
}
