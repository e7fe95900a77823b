using GrpcChat.ConsoleClient;
using GrpcChat.ConsoleClient.Commands;

using var output = new Output();
return await new CommandRunner(output).RunAsync(args);
