using GrpcChat.AspNetCore.Storage;
using GrpcChat.V1;

namespace GrpcChat.AspNetCore.Queries;

/// <summary>
/// A field of a request is invalid. The message names the field and its value, and says what is allowed.
/// </summary>
/// <param name="field">The path of the field in the request.</param>
/// <param name="message">What is wrong, and what to do.</param>
internal sealed class InvalidRequestException(string field, string message) : Exception(message)
{
    public string Field { get; } = field;
}

/// <summary>The caller may not do this in this room.</summary>
internal sealed class ForbiddenException(Refused refused) : Exception(refused.Description);

/// <summary>A send was refused.</summary>
internal sealed class SendRefusedException(Refused refused) : Exception(refused.Description)
{
    public Refused Refused { get; } = refused;
}

/// <summary>A request has positions of another log.</summary>
internal sealed class LogChangedException(string given, string actual) : Exception(
    $"log_id is '{Names.Truncate(given)}', but this log is '{actual}': ids of another log mean nothing here; start again "
    + "without log_id");
