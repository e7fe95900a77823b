using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace GrpcChat.Verify.Tests.Mutants;

/// <summary>Makes a service deaf to one key of the call metadata.</summary>
internal sealed class HeaderStripper(string key) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
    {
        application.Use((context, rest) =>
        {
            context.Request.Headers.Remove(key);
            return rest(context);
        });
        next(application);
    };
}
