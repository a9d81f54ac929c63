using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Skald.Tests.Harness;

/// <summary>A client's socket: sends frames, and waits for frames with a deadline.</summary>
internal sealed class ChatSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _id;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    /// <param name="headers">Of the handshake, as <c>("Authorization", "Bearer …")</c>.</param>
    public static async Task<ChatSocket> OpenAsync(Uri address, params (string Name, string Value)[] headers)
    {
        var chat = new ChatSocket();
        foreach (var (name, value) in headers)
            chat._socket.Options.SetRequestHeader(name, value);
        chat._socket.Options.RemoteCertificateValidationCallback = TestCertificate.Accept;
        await chat._socket.ConnectAsync(address, Deadline.Token());
        return chat;
    }

    /// <summary>Opens it as a stream of an HTTP/2 connection (RFC 8441), together with others that are given the same client.</summary>
    public static async Task<ChatSocket> OpenStreamAsync(
        Uri address, HttpMessageInvoker client, params (string Name, string Value)[] headers)
    {
        var chat = new ChatSocket();
        foreach (var (name, value) in headers)
            chat._socket.Options.SetRequestHeader(name, value);
        (chat._socket.Options.HttpVersion, chat._socket.Options.HttpVersionPolicy) =
            (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        await chat._socket.ConnectAsync(address, client, Deadline.Token());
        return chat;
    }

    /// <summary>Joins, and reads the answer. Messages that come before it fail the test.</summary>
    public async Task<JsonElement> JoinAsync(string room, long? since = null, string? epoch = null)
    {
        await SendAsync(new { type = "join", id = ++_id, room, since, epoch });
        return await ExpectAsync("joined");
    }

    /// <summary>Sends a message with an id, and returns the id.</summary>
    public async Task<int> SayAsync(string room, string message, string? clientMessageId = null)
    {
        await SendAsync(new { type = "send", id = ++_id, room, message, client_msg_id = clientMessageId });
        return _id;
    }

    public Task SendAsync(object frame) => SendTextAsync(JsonSerializer.Serialize(frame));

    public Task SendTextAsync(string frame) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, endOfMessage: true, Deadline.Token());

    public Task SendBinaryAsync(byte[] frame) =>
        _socket.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, Deadline.Token());

    /// <summary>The next frame as text, or null when the server has closed.</summary>
    public async Task<string?> ReceiveTextAsync()
    {
        var length = 0;
        while (true)
        {
            var part = await _socket.ReceiveAsync(_buffer.AsMemory(length), Deadline.Token());
            if (part.MessageType == WebSocketMessageType.Close)
                return null;
            length += part.Count;
            if (part.EndOfMessage)
                return Encoding.UTF8.GetString(_buffer, 0, length);
        }
    }

    /// <summary>The next frame, whatever it is.</summary>
    public async Task<JsonElement> ReceiveAsync()
    {
        var text = await ReceiveTextAsync();
        Assert.True(text is not null, $"The server closed: {(int?)_socket.CloseStatus} {_socket.CloseStatusDescription}");
        return JsonElement.Parse(text);
    }

    /// <summary>The next frame, which must be of this type.</summary>
    public async Task<JsonElement> ExpectAsync(string type)
    {
        var frame = await ReceiveAsync();
        Assert.Equal(type, frame.GetProperty("type").GetString());
        return frame;
    }

    /// <summary>The next frame, which must be an error with this code.</summary>
    public async Task<JsonElement> ExpectErrorAsync(string code)
    {
        var error = await ExpectAsync("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        return error;
    }

    /// <summary>The next frame of this type; others are passed over.</summary>
    public async Task<JsonElement> SkipToAsync(string type)
    {
        while (true)
        {
            var frame = await ReceiveAsync();
            if (frame.GetProperty("type").GetString() == type)
                return frame;
        }
    }

    /// <summary>The texts of the next messages.</summary>
    public async Task<string[]> ReceiveMessagesAsync(int count)
    {
        var texts = new string[count];
        for (var i = 0; i < count; i++)
            texts[i] = (await SkipToAsync("chat_message")).GetProperty("message").GetString()!;
        return texts;
    }

    /// <summary>Reads on to the server's close.</summary>
    /// <returns>Its code; frames before it are passed over.</returns>
    public async Task<int> ExpectCloseAsync()
    {
        while (await ReceiveTextAsync() is not null)
        {
        }

        return (int)_socket.CloseStatus!.Value;
    }

    public Task CloseAsync() => _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());

    /// <summary>Cuts the connection without a word, as a lost network does.</summary>
    public void Cut() => _socket.Abort();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
