using Chat.Bench.Commands;

return await BenchCommand.RunAsync(args);
