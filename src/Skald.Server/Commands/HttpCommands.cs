using System.Buffers;
using Microsoft.Extensions.Options;
using Skald.Protocol;
using Skald.Server.History;
using Skald.Server.Http;
using Skald.Server.Identity;

namespace Skald.Server.Commands;

/// <summary>Commands that come over HTTP: a body is read as a socket's frame is, and the answer waits for the draft's end.</summary>
internal sealed class HttpCommands(CommandTable commands, IOptions<WireLimits> limits)
{
    /// <summary>Of most answers; longer ones make the buffer grow.</summary>
    private const int AnswerBytes = 512;

    /// <param name="body">Any bytes.</param>
    /// <param name="error">Why there is nothing.</param>
    public delegate T? Reader<T>(ReadOnlySpan<byte> body, ProtocolLimits limits, out ChatError? error)
        where T : class;

    /// <summary>Reads what a body says.</summary>
    /// <returns>That, or why not.</returns>
    public async Task<Outcome<T>> ReadAsync<T>(HttpRequest request, Reader<T> read)
        where T : class
    {
        if (!(await ReadAsync(request)).TryGet(out var body, out var unreadable))
            return unreadable;
        return read(body, limits.Value.Protocol, out var error) is { } value ? value : error!;
    }

    /// <summary>Does what the body says, waits for its end, and tells it.</summary>
    /// <param name="write">Writes a stored draft's answer and returns its status.</param>
    public async Task RunAsync<TCommand>(
        HttpContext context, CurrentUser user, Reader<TCommand> read, Func<FrameWriter, Draft, int> write)
        where TCommand : EntryCommand
    {
        if ((await ReadAsync(context.Request, read)).TryGet(out var command, out var bad))
            await RunAsync(context, user, command, write);
        else
            await Problems.WriteAsync(context, bad);
    }

    /// <summary>Does what a socket's command would do, waits for its end, and tells it.</summary>
    /// <param name="write">Writes a stored draft's answer and returns its status.</param>
    public async Task RunAsync(HttpContext context, CurrentUser user, EntryCommand command, Func<FrameWriter, Draft, int> write)
    {
        if (!(await RunAsync(user, command)).TryGet(out var draft, out var refusal))
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }

        var response = context.Response;
        var body = new ArrayBufferWriter<byte>(AnswerBytes);
        using (var writer = new FrameWriter(body))
            response.StatusCode = write(writer, draft);
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        await response.BodyWriter.WriteAsync(body.WrittenMemory);
    }

    /// <summary>Does what a socket's command would do.</summary>
    /// <returns>Its draft, which is on disk; or why nothing is.</returns>
    public async Task<Outcome<Draft>> RunAsync(CurrentUser user, EntryCommand command)
    {
        var caller = new HttpCaller(user);
        await commands.RunAsync(caller, command);
        return await caller.Ended;
    }

    /// <summary>Writes what became of a command that changes something: an <c>ack</c> without what belongs to sockets.</summary>
    public static int WriteStored(FrameWriter json, Draft draft)
    {
        draft.ToStored().WriteTo(json);
        return StatusCodes.Status200OK;
    }

    private static async Task<Outcome<byte[]>> ReadAsync(HttpRequest request)
    {
        if (!request.HasJsonContentType())
            return Problems.WrongType;
        try
        {
            var body = request.BodyReader;
            while (true)
            {
                var read = await body.ReadAsync();
                if (read.IsCompleted)
                {
                    var bytes = read.Buffer.ToArray();
                    body.AdvanceTo(read.Buffer.End);
                    return bytes;
                }

                body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (IOException e)
        {
            return Problems.Unreadable(e);
        }
    }
}
