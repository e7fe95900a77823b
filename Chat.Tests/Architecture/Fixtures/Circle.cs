// Folders for the test of the test. Each arrow stands somewhere else, so that all of them must be found.
#pragma warning disable IDE0130 // Namespaces that are not folders: together they are one fixture.
namespace GrpcChat.Tests.Architecture.Fixtures.Doors
{
    internal sealed class Door
    {
        // In a method's body.
        public static string Name { get; } = new Sessions.Session().ToString()!;
    }
}

namespace GrpcChat.Tests.Architecture.Fixtures.Sessions
{
    internal sealed class Session
    {
        // In a signature, as a generic argument.
        public List<Rooms.Room> Rooms { get; } = [];
    }
}

namespace GrpcChat.Tests.Architecture.Fixtures.Rooms
{
    internal sealed class Room
    {
        // In an asynchronous closure, which the compiler puts into two types of its own.
        public static Func<int, Task<string>> Back(string prefix) => async number =>
        {
            await Task.Yield();
            return prefix + number + Sessions.Clock.Now;
        };
    }
}

namespace GrpcChat.Tests.Architecture.Fixtures.Sessions
{
    internal static class Clock
    {
        public static string Now => Options.Format;
    }
}

namespace GrpcChat.Tests.Architecture.Fixtures
{
    internal static class Options
    {
        public static string Format => "O";
    }

    internal static class Hosting
    {
        public static object[] All => [new Doors.Door(), new Rooms.Room(), Options.Format];
    }
}
