using System.Collections;
using GrpcChat.AspNetCore;
using GrpcChat.Service;
using GrpcChat.TestSupport;
using Xunit;

namespace GrpcChat.Tests.Service;

/// <summary>Where the executable's settings come from, which one wins, and what a wrong one is answered with.</summary>
public sealed class ServiceSettingsTests : IDisposable
{
    private readonly TempDirectory temp = new();
    private readonly List<string> warnings = [];

    public static TheoryData<string, string, string> WrongValues => new()
    {
        { "MaxTextBytes", "0x10", "a whole number from 1 to 30720" },
        { "MaxTextBytes", " 5", "a whole number from 1 to 30720" },
        { "MaxTextBytes", "1,000", "a whole number from 1 to 30720" },
        { "MaxTextBytes", "5 ", "a whole number from 1 to 30720" },
        { "MaxTextBytes", "-1", "a whole number from 1 to 30720" },
        { "MaxTextBytes", "", "a whole number from 1 to 30720" },
        { "MaxTextBytes", "30721", "a whole number from 1 to 30720" },
        { "MaxRooms", "99999999999", "a whole number from 1 to 4000000" },
        { "StallLimit", "20", "hours:minutes:seconds" },
        { "StallLimit", " 00:00:20", "hours:minutes:seconds" },
        { "StallLimit", "00:00:20 ", "hours:minutes:seconds" },
        { "StallLimit", "25:00:00", "hours:minutes:seconds" },
        { "StallLimit", "00:20", "hours:minutes:seconds" },
        { "StallLimit", "-00:00:20", "hours:minutes:seconds" },
        { "StallLimit", "00:00:00", "hours:minutes:seconds" },
        { "StallLimit", "1.00:00:01", "hours:minutes:seconds" },
        { "Reflection", "yes", "true or false" },
        { "Data", " ", "a directory" },
        { "Listen", "0.0.0.0:5000", "without authentication" },
    };

    public void Dispose() => temp.Dispose();

    [Fact]
    public void The_list_of_options_has_every_option()
    {
        var properties = typeof(ChatOptions).GetProperties().Select(property => property.Name);

        Assert.Equal(properties.Order(), ChatOptionDefinition.All.Select(option => option.Name).Order());
        Assert.All(ChatOptionDefinition.All, option => Assert.NotEmpty(ServiceHelp.Default(option)));
    }

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        var file = Write("""{"Chat": {"MaxRooms": 1, "MaxQueuedSends": 2, "MaxUnackedSends": 3, "StallLimit": "00:00:09"}}""");

        var options = Options(
            file,
            Environment(("CHAT_MAXQUEUEDSENDS", "20"), ("Chat__MaxUnackedSends", "30")),
            ("MaxUnackedSends", "300"));

        Assert.Equal((1, 20, 300), (options.MaxRooms, options.MaxQueuedSends, options.MaxUnackedSends));
        Assert.Equal(TimeSpan.FromSeconds(9), options.StallLimit);
        Assert.Equal(new ChatOptions().MaxTextBytes, options.MaxTextBytes);
        Assert.Empty(warnings);
    }

    [Theory]
    [MemberData(nameof(WrongValues))]
    public void A_wrong_value_is_named_with_what_is_allowed_wherever_it_comes_from(string name, string value, string allowed)
    {
        var json = System.Text.Json.JsonSerializer.Serialize(value);
        var file = Write($$"""{"Chat": {"{{name}}": {{json}} } }""");
        var variable = $"CHAT_{name.ToUpperInvariant()}";
        (string Source, Action Read)[] all =
        [
            ($"{name} in {file} ", () => Options(file, Environment())),
            ($"{variable} ", () => Options(null, Environment((variable, value)))),
            ($"Chat__{name} ", () => Options(null, Environment(($"Chat__{name}", value)))),
            ($"{ServiceSettings.ArgumentName(name)} ", () => Options(null, Environment(), (name, value))),
        ];
        foreach (var (source, read) in all)
        {
            var message = Assert.Throws<UsageException>(read).Message;
            Assert.True(name == "Listen" || message.StartsWith(source, StringComparison.Ordinal), message);
            Assert.Contains($"'{value}'", message, StringComparison.Ordinal);
            Assert.Contains(allowed, message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
    }

    [Theory]
    [InlineData("MaxTextByte", "did you mean MaxTextBytes?")]
    [InlineData("Frobnicate", "--help lists the options")]
    public void An_unknown_key_in_the_file_is_named_with_the_nearest_option(string key, string said)
    {
        var file = Write($$"""{"Chat": {"{{key}}": 1} }""");

        var error = Assert.Throws<UsageException>(() => Options(file, Environment()));

        Assert.Equal($"unknown option {key} in {file}; {said}", error.Message);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("")]
    [InlineData("""{"Chat": {"MaxRooms": 1, "maxRooms": 2} }""")]
    public void A_file_that_is_not_JSON_is_named(string content)
    {
        var file = Write(content);

        var error = Assert.Throws<UsageException>(() => Options(file, Environment()));

        Assert.StartsWith($"the configuration file {file} is not valid: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Kestrel": {"Endpoints": {"x": {"Url": "http://0.0.0.0:5999"} } } }""", "Kestrel")]
    [InlineData("""{"urls": "http://0.0.0.0:5999"}""", "urls")]
    public void A_file_that_says_elsewhere_what_to_listen_on_is_refused(string content, string section)
    {
        var file = Write(content);

        var error = Assert.Throws<UsageException>(() => Options(file, Environment()));

        Assert.Equal(
            $"{section} in {file} says what to listen on, but the service listens only where Listen and Management say; "
            + "remove it, and set Listen in the section Chat",
            error.Message);
    }

    [Fact]
    public void A_file_that_does_not_exist_is_named()
    {
        var file = Path.Combine(temp.Path, "none.json");

        var error = Assert.Throws<UsageException>(() => Options(file, Environment()));

        Assert.Contains(file, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_variables_that_set_one_option_differently_are_both_named()
    {
        var error = Assert.Throws<UsageException>(
            () => Options(null, Environment(("CHAT_MAXROOMS", "1"), ("Chat__MaxRooms", "2"))));

        Assert.Contains("CHAT_MAXROOMS is '1' and Chat__MaxRooms is '2'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_value_is_refused_although_a_right_one_overrides_it()
    {
        var error = Assert.Throws<UsageException>(
            () => Options(null, Environment(("CHAT_MAXROOMS", "many")), ("MaxRooms", "10")));

        Assert.Equal("CHAT_MAXROOMS is 'many', but must be a whole number from 1 to 4000000", error.Message);
    }

    [Theory]
    [InlineData("""{"Chat": 5}""", "Chat in {0} is '5', but must be an object with options")]
    [InlineData("""{"Chat": {"MaxRooms": [1]} }""", "MaxRooms in {0} must be a single value")]
    [InlineData("""{"MaxRooms": 1}""", "MaxRooms in {0} must be inside the section Chat")]
    [InlineData("""{"Caht": {"MaxRooms": 1} }""", "unknown section Caht in {0}; did you mean Chat?")]
    [InlineData(
        """{"Logging": {"LogLevel": {"Default": "Loud"} } }""",
        "the section Logging is not valid: Configuration value 'Loud' is not supported.")]
    public void A_file_whose_form_is_wrong_is_refused_with_the_reason(string content, string said)
    {
        var file = Write(content);

        var error = Assert.Throws<UsageException>(() => Options(file, Environment()));

        Assert.Equal(said.Replace("{0}", file, StringComparison.Ordinal), error.Message);
    }

    [Fact]
    public void A_file_may_have_comments_nulls_and_sections_that_the_service_does_not_read()
    {
        var file = Write("""
            {
              // JSON's null leaves the default.
              "Chat": { "MaxRooms": null, "Reflection": true, "StallLimit": "24:00:00" },
              "AllowedHosts": "*",
            }
            """);

        var options = Options(file, Environment());

        Assert.Equal((100_000, true, TimeSpan.FromDays(1)), (options.MaxRooms, options.Reflection, options.StallLimit));
        Assert.Equal([$"ignored: unknown section AllowedHosts in {file}; the service reads Chat, Logging and Authentication"], warnings);
    }

    [Fact]
    public void Log_levels_come_from_the_file_and_the_environment_wins()
    {
        var file = Write("""{"Logging": {"LogLevel": {"Chat": "Warning", "Default": "Error"} } }""");

        var logging = ServiceSettings.Read(
            file, Environment(("Logging__LogLevel__Chat", "Debug")), new Dictionary<string, string>()).Logging;

        Assert.Equal(("Debug", "Error"), (logging["LogLevel:Chat"], logging["LogLevel:Default"]));
    }

    [Fact]
    public void The_variables_of_the_clients_are_not_warned_about()
    {
        Options(null, Environment(("CHAT_ADDRESS", "x"), ("CHAT_USER", "ann"), ("CHAT_TOKEN_FILE", "t"), ("CHAT_STATE", "s")));

        Assert.Empty(warnings);
    }

    private static Hashtable Environment(params (string Name, string Value)[] variables)
    {
        var environment = new Hashtable();
        foreach (var (name, value) in variables)
        {
            environment.Add(name, value);
        }

        return environment;
    }

    private string Write(string content)
    {
        var file = Path.Combine(temp.Path, "chat.json");
        File.WriteAllText(file, content);
        return file;
    }

    private ChatOptions Options(string? file, Hashtable environment, params (string Name, string Value)[] arguments)
    {
        var settings = ServiceSettings.Read(
            file, environment, arguments.ToDictionary(argument => argument.Name, argument => argument.Value));
        warnings.AddRange(settings.Warnings);
        var options = new ChatOptions();
        new ChatOptionsSetup(settings.Chat).Configure(options);
        return options;
    }
}
