using GrpcChat.Bench.Commands;

return await BenchCommand.RunAsync(args);
