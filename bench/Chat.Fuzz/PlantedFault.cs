namespace GrpcChat.Fuzz;

/// <summary>
/// A fault that only a fuzzer finds that sees which way the code goes: chance alone would need some four billion inputs.
/// </summary>
internal static class PlantedFault
{
    public static void Read(byte[] bytes)
    {
        if (bytes.Length > 3 && bytes[0] == 'c')
        {
            if (bytes[1] == 'h')
            {
                if (bytes[2] == 'a')
                {
                    if (bytes[3] == 't')
                    {
                        throw new InvalidOperationException("found");
                    }
                }
            }
        }
    }
}
