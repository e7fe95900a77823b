using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace GrpcChat.Service.Edge;

/// <summary>Reads the keys that tokens are signed with: a JSON Web Key Set, or a secret.</summary>
internal static class TokenKeys
{
    private const int MinSecretBytes = 32;

    /// <exception cref="FormatException">The file has no usable key.</exception>
    public static IReadOnlyList<SecurityKey> Load(string path)
    {
        var text = File.ReadAllText(path, Encoding.UTF8).Trim();
        return text.StartsWith('{') ? LoadSet(text) : [LoadSecret(text)];
    }

    private static List<SecurityKey> LoadSet(string json)
    {
        var keys = new JsonWebKeySet(json).GetSigningKeys().ToList();
        return keys.Count > 0 ? keys : throw new FormatException("the key set has no key for signatures");
    }

    private static SymmetricSecurityKey LoadSecret(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return bytes.Length >= MinSecretBytes
            ? new SymmetricSecurityKey(bytes)
            : throw new FormatException($"the secret has {bytes.Length} bytes, but must have at least {MinSecretBytes}");
    }
}
