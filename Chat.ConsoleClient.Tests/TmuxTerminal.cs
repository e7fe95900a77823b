using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.ConsoleClient.Tests;

/// <summary>
/// A real terminal with a shell, in a tmux of its own. A test presses keys, and looks at the screen until it shows what
/// the test waits for.
/// </summary>
internal sealed class TmuxTerminal : IAsyncDisposable
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly TempDirectory directory = new();
    private bool isClosed;

    private TmuxTerminal()
    {
    }

    /// <summary>The working directory of the shell, for the files of this terminal.</summary>
    public string Home => directory.Path;

    private string Socket => Path.Combine(directory.Path, "tmux");

    private string PidFile => Path.Combine(directory.Path, "pid");

    /// <summary>
    /// Opens a terminal of 80 × 24 with a shell, in which <c>chat</c> runs the client; skips the test without tmux.
    /// </summary>
    /// <param name="state">
    /// The directory for the client's state; null for one that is deleted with the terminal.
    /// </param>
    /// <param name="environment">More environment variables.</param>
    public static async Task<TmuxTerminal> OpenAsync(string? state = null, params (string Name, string Value)[] environment)
    {
        Assert.SkipUnless(IsInstalled(), "tmux is not installed; .ci/install-tools installs it.");
        var terminal = new TmuxTerminal();
        try
        {
            await terminal.BeginAsync(state ?? terminal.Home, environment);
            return terminal;
        }
        catch
        {
            await terminal.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a terminal, starts the client there, and waits until it has joined its room.</summary>
    public static async Task<TmuxTerminal> ChatAsync(
        Uri address, string user, string? state = null, params (string Name, string Value)[] environment)
    {
        var terminal = await OpenAsync(state, environment);
        try
        {
            await terminal.StartChatAsync(address, user);
            await terminal.UntilAsync(screen => screen.IsInLobby);
            return terminal;
        }
        catch
        {
            await terminal.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the client.</summary>
    public Task StartChatAsync(Uri address, string user) => EnterAsync($"chat --address {address} --user {user}");

    /// <summary>Types a text, key by key.</summary>
    public Task TypeAsync(string text) => RunAsync(["send-keys", "-l", "--", text]);

    /// <summary>Presses keys by their names in tmux: Enter, PPage, C-c, M-1.</summary>
    public Task PressAsync(params string[] keys) => RunAsync(["send-keys", .. keys]);

    /// <summary>Types a text, and Enter.</summary>
    public async Task EnterAsync(string text)
    {
        await TypeAsync(text);
        await PressAsync("Enter");
    }

    /// <summary>Pastes a text as a terminal does it: between marks if the program has asked for them.</summary>
    public async Task PasteAsync(string text)
    {
        await RunAsync(["load-buffer", "-"], text);
        await RunAsync(["paste-buffer", "-p", "-d"]);
    }

    public Task ResizeAsync(int columns, int rows) => RunAsync(["resize-window", "-x", $"{columns}", "-y", $"{rows}"]);

    /// <summary>Returns the screen.</summary>
    public async Task<TerminalScreen> LookAsync() =>
        new((await RunAsync(["capture-pane", "-p"])).TrimEnd('\n').Split('\n'));

    /// <summary>Returns the screen with its sequences for colours and other attributes.</summary>
    public Task<string> LookWithColoursAsync() => RunAsync(["capture-pane", "-p", "-e"]);

    /// <summary>Returns what tmux knows about the terminal: see FORMATS in its manual.</summary>
    public async Task<string> AskAsync(string format) => (await RunAsync(["display-message", "-p", format])).TrimEnd('\n');

    /// <summary>Returns the texts that the program has put into the clipboard.</summary>
    public Task<string> ClipboardAsync() => RunAsync(["list-buffers"]);

    /// <summary>Looks until the screen satisfies a condition, and returns it.</summary>
    public async Task<TerminalScreen> UntilAsync(
        Func<TerminalScreen, bool> satisfied,
        TimeSpan? pause = null,
        [CallerArgumentExpression(nameof(satisfied))] string what = "")
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(pause ?? BetweenLooks))
        {
            var screen = await LookAsync();
            if (satisfied(screen))
            {
                return screen;
            }

            if (waited.Elapsed > ChatCall.Deadline)
            {
                throw new TimeoutException($"The screen never was: {what}\n{string.Join('\n', screen.Rows)}");
            }
        }
    }

    /// <summary>Sends the client a signal: KILL, TERM.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", (await File.ReadAllTextAsync(PidFile)).Trim()]);
        await kill.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Closes the terminal, as a person closes a window, and waits until the client has ended.</summary>
    public async Task CloseAsync()
    {
        // At its end it deletes its socket, a moment after the command.
        if (!isClosed && File.Exists(Socket))
        {
            isClosed = true;
            await RunAsync(["kill-server"]);
        }

        // Until then it writes to directories that will be deleted.
        if (File.Exists(PidFile))
        {
            await UntilEndedAsync(int.Parse(await File.ReadAllTextAsync(PidFile), CultureInfo.InvariantCulture));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        directory.Dispose();
    }

    private static async Task UntilEndedAsync(int pid)
    {
        try
        {
            using var client = Process.GetProcessById(pid);
            await client.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        }
        catch (ArgumentException)
        {
            // It has ended.
        }
    }

    private static bool IsInstalled() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "tmux")));

    private async Task BeginAsync(string state, (string Name, string Value)[] environment)
    {
        var client = ClientProcess.StartInfo([]);
        var chat = Path.Combine(Home, "chat");
        var command = string.Join(' ', client.ArgumentList.Prepend(client.FileName).Select(word => $"'{word}'"));
        await File.WriteAllTextAsync(chat, $"#!/bin/sh\necho $$ > '{PidFile}'\nexec {command} \"$@\"\n");
        await RunAsync(
            ["new-session", "-d", "-x", "80", "-y", "24", "-c", Home, "exec sh"],
            environment:
            [
                ("XDG_CONFIG_HOME", Home),
                ("XDG_STATE_HOME", state),
                .. environment,
            ]);
        await EnterAsync($"PS1='$ '; chat() {{ sh '{chat}' \"$@\"; }}; clear");
        await UntilAsync(screen => screen.Rows is ["$"]);
    }

    private async Task<string> RunAsync(string[] command, string input = "", params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("tmux", ["-S", Socket, "-u", "-f", "/dev/null", .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };

        // Variables of the terminal in which the tests run.
        foreach (var name in start.Environment.Keys.Where(IsOfAnother).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var tmux = Process.Start(start) ?? throw new InvalidOperationException("tmux does not start.");
        var (output, errors) = (tmux.StandardOutput.ReadToEndAsync(), tmux.StandardError.ReadToEndAsync());
        await tmux.StandardInput.WriteAsync(input);
        tmux.StandardInput.Close();
        await tmux.WaitForExitAsync().WaitAsync(ChatCall.Deadline);
        return tmux.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"tmux {string.Join(' ', command)}: {await errors}");
    }

    private static bool IsOfAnother(string name) => name.StartsWith("CHAT_", StringComparison.Ordinal)
        || name is "TMUX" or "TMUX_PANE" or "NO_COLOR" or "ENV";
}

/// <summary>The screen of a terminal, without the empty rows at its end.</summary>
internal sealed record TerminalScreen(string[] Rows)
{
    /// <summary>The status line; empty before the chat shows one.</summary>
    public string Status => StatusIndex < 0 ? "" : Rows[StatusIndex];

    /// <summary>The chat shows that it has joined its first room.</summary>
    public bool IsInLobby => Status.StartsWith(" ● connected   1 lobby", StringComparison.Ordinal)
        && !Status.Contains("lobby…", StringComparison.Ordinal);

    /// <summary>The chat shows that it is connected.</summary>
    public bool IsConnected => Status.StartsWith(" ● connected ", StringComparison.Ordinal);

    /// <summary>The input, its rows joined; null before the chat shows any.</summary>
    public string? Input => StatusIndex < 0 ? null : string.Concat(Rows[(StatusIndex + 1)..].Select(row => row.Length < 2 ? "" : row[2..]));

    /// <summary>The rows above the status line.</summary>
    public string[] Conversation => StatusIndex < 0 ? [] : Rows[..StatusIndex];

    private int StatusIndex => Array.FindLastIndex(Rows, row => row is [' ', '●' or '○' or '■', ' ', ..]);

    /// <summary>Returns what follows a text in the rows of the conversation that contain it.</summary>
    public string[] FindTexts(string after) =>
    [
        .. Conversation.Where(row => row.Contains(after, StringComparison.Ordinal))
            .Select(row => row[(row.IndexOf(after, StringComparison.Ordinal) + after.Length)..]),
    ];

    /// <summary>True if a row of the conversation contains this.</summary>
    public bool Shows(string part) => Conversation.Any(row => row.Contains(part, StringComparison.Ordinal));
}
