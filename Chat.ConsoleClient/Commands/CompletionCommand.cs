using System.CommandLine;

namespace Chat.ConsoleClient.Commands;

/// <summary>
/// <c>chat completion</c>: prints what makes a shell complete commands and options. The shell asks the program itself, by the
/// <c>[suggest]</c> directive of System.CommandLine, so the script never falls behind.
/// </summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _chat() {
            local IFS=$'\n' position=$COMP_POINT line=$COMP_LINE
            local name=${COMP_WORDS[0]}
            COMPREPLY=($(compgen -W "$("$name" "[suggest:$((position - ${#name} - 1))]" "${line#"$name" }" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _chat chat
        """;

    private const string Zsh = """
        _chat() {
            local name=$words[1] line=$BUFFER
            local -a found
            found=(${(f)"$($name "[suggest:$((CURSOR - ${#name} - 1))]" "${line#$name }" 2>/dev/null)"})
            compadd -- $found
        }
        compdef _chat chat
        """;

    private const string Fish = """
        complete -c chat -f -a '(chat "[suggest:"(math (commandline -C) - 5)"]" (string replace -r "^chat " "" -- (commandline)) 2>/dev/null)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "Which shell" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Prints what makes a shell complete commands and options.") { shell };
        CommandHelp.Show(
            command,
            "eval \"$(chat completion bash)\"");
        command.SetAction(given => Console.WriteLine(given.GetValue(shell) switch
        {
            "zsh" => Zsh,
            "fish" => Fish,
            _ => Bash,
        }));
        return command;
    }
}
