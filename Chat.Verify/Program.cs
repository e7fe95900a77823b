using GrpcChat.Verify.Commands;

return await VerifyCommand.RunAsync(args);
