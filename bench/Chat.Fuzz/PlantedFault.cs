namespace GrpcChat.Fuzz;

/// <summary>
/// A fault that a fuzzer finds only if it sees which way the code goes: chance alone would need some sixteen million
/// inputs.
/// </summary>
internal static class PlantedFault
{
    public static void Read(byte[] bytes)
    {
        if (bytes.Length > 2 && bytes[0] == 'c')
        {
            if (bytes[1] == 'h')
            {
                if (bytes[2] == 'a')
                {
                    throw new InvalidOperationException("found");
                }
            }
        }
    }
}
