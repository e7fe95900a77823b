using GrpcChat.Fuzz;
using SharpFuzz;

// seeds DIR             writes the inputs to begin with, a folder for each target
// instrument DIR        makes the assemblies in a copy of this program's folder report which way their code goes
// replay TARGET FILE…   runs a target on each file; it ends where one is a finding
// TARGET                runs a target on what afl-fuzz gives it
switch (args)
{
    case ["seeds", var folder]:
        FuzzSeeds.Write(folder);
        return 0;
    case ["instrument", var folder]:
        foreach (var (assembly, isFollowed) in FuzzTarget.Assemblies)
        {
            var types = Fuzzer.Instrument(Path.Combine(folder, assembly), isFollowed, Options.Value);
            Console.WriteLine($"{assembly}: {types.Count()} types report");
        }

        return 0;
    case ["replay", var name, .. var files] when FuzzTarget.Find(name) is { } target:
        foreach (var file in files)
        {
            Console.WriteLine(file);
            target(File.ReadAllBytes(file));
        }

        return 0;
    case [var name] when FuzzTarget.Find(name) is { } target:
        Fuzzer.OutOfProcess.Run(input =>
        {
            using var bytes = new MemoryStream();
            input.CopyTo(bytes);
            target(bytes.ToArray());
        });
        return 0;
    default:
        Console.Error.WriteLine($"'{string.Join(' ', args)}' is not a command; see Program.cs");
        return 2;
}
