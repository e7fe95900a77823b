using System.CommandLine;

namespace GrpcChat.ConsoleClient.Commands;

/// <summary>
/// <c>chat completion</c>: prints a script that makes a shell complete commands and options. The script asks the
/// program itself, by the <c>[suggest]</c> directive of System.CommandLine, so it is never out of date.
/// </summary>
internal static class CompletionCommand
{
    private const string Help = """
        Usage: chat completion bash|zsh|fish

        Prints a script that makes the shell complete commands and options.

        Examples:
          eval "$(chat completion bash)"
          chat completion fish > ~/.config/fish/completions/chat.fish
        """;

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

    private static readonly string[] Shells = ["bash", "zsh", "fish"];

    public static Command Create(Output output)
    {
        var shell = new Argument<string>("shell");
        shell.CompletionSources.Add(Shells);
        shell.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && !Shells.Contains(token.Value))
            {
                given.AddError($"'{token.Value}' is not a supported shell; choose bash, zsh or fish");
            }
        });
        var command = new Command("completion", Help) { shell };
        command.SetAction(given => output.Write(given.GetValue(shell) switch
        {
            "zsh" => Zsh,
            "fish" => Fish,
            _ => Bash,
        }));
        return command;
    }
}
