// A bare Kestrel answer: whatever was put before is given back, from memory, to any path.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
var app = builder.Build();

var page = Array.Empty<byte>();
app.Run(async context =>
{
    if (HttpMethods.IsPut(context.Request.Method))
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        page = body.ToArray();
        return;
    }

    context.Response.ContentType = "application/json";
    context.Response.ContentLength = page.Length;
    await context.Response.Body.WriteAsync(page);
});

await app.RunAsync();
