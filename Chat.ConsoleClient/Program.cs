using Chat.ConsoleClient;
using Chat.ConsoleClient.Commands;

using var output = new Output();
return await new CommandRunner(output).RunAsync(args);
