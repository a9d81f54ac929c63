using Skald.Server;

var builder = WebApplication.CreateBuilder(args);
builder.AddSkald();
var app = builder.Build();
app.MapSkald("/chat");
app.Run();
