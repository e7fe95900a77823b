using System.CommandLine;
using GrpcChat.Verify.Checking;
using GrpcChat.Verify.History;
using GrpcChat.Verify.Reporting;

namespace GrpcChat.Verify.Commands;

/// <summary><c>chat-verify check</c>: judges a history that was recorded before.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A file that run --history has written" };
        var outputs = new Outputs();
        var command = new Command("check", "Judges a recorded history again") { file };
        outputs.AddTo(command);
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            var recording = RecordingFile.Read(path);
            return outputs.Write(parsed, new RunReport($"history {path}", null, recording, Checker.Check(recording)));
        });
        return command;
    }
}
