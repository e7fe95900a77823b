using Chat.V1;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Chat.AspNetCore.Grpc.Discovery;

/// <summary>Answers the requests of one reflection stream, and remembers which files it has sent on it.</summary>
internal sealed class ReflectionStream(ServedFiles files)
{
    private readonly HashSet<FileDescriptor> sent = [];

    public ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new ListServiceResponse
                {
                    Service = { files.Services.Select(name => new ServiceResponse { Name = name }) },
                };
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                Put(response, files.Named(request.FileByFilename), "file", request.FileByFilename);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                Put(response, files.Declaring(request.FileContainingSymbol), "symbol", request.FileContainingSymbol);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                PutExtension(response, request.FileContainingExtension);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
                PutExtensionNumbers(response, request.AllExtensionNumbersOfType);
                break;
            default:
                response.ErrorResponse = Error(
                    StatusCode.InvalidArgument, "the request asks for nothing; set a field of message_request");
                break;
        }

        return response;
    }

    private void Put(ServerReflectionResponse response, FileDescriptor? file, string kind, string name)
    {
        if (file is null)
        {
            response.ErrorResponse = NotFound(kind, name);
            return;
        }

        // What was asked for is sent also when it has been sent before: the client seems not to have it.
        var due = ServedFiles.WithDependencies(file).Where(one => sent.Add(one) || one == file);
        response.FileDescriptorResponse = new FileDescriptorResponse
        {
            FileDescriptorProto = { due.Select(one => one.SerializedData) },
        };
    }

    // All files are proto3, where no message can be extended.
    private void PutExtension(ServerReflectionResponse response, ExtensionRequest request) =>
        response.ErrorResponse = files.HasMessage(request.ContainingType)
            ? NotFound("extension", $"{request.ContainingType} {request.ExtensionNumber}")
            : NotFound("message type", request.ContainingType);

    private void PutExtensionNumbers(ServerReflectionResponse response, string type)
    {
        if (files.HasMessage(type))
        {
            response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = type };
        }
        else
        {
            response.ErrorResponse = NotFound("message type", type);
        }
    }

    private static ErrorResponse NotFound(string kind, string name) =>
        Error(StatusCode.NotFound, $"there is no {kind} '{Names.Truncate(name)}' here");

    private static ErrorResponse Error(StatusCode code, string message) =>
        new() { ErrorCode = (int)code, ErrorMessage = message };
}
