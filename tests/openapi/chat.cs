// A chat with a client that NSwag makes of the document: register, log in, send, read, be refused.
using System;
using System.Linq;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Threading.Tasks;

public static class Chat
{
    public static async Task RunAsync(string address)
    {
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        var skald = new SkaldClient(http);
        var account = new RegisterRequest { Username = "csharp", Password = "12345678" };

        var registered = await skald.RegisterAsync(account);
        Equal(registered.Username, "csharp", "the registered name");
        var taken = await RefusedAsync(() => skald.RegisterAsync(account));
        Equal(taken.Code, "validation_failed", "the code of a refusal");
        Equal(taken.Errors["username"].Count, 1, "what is wrong with the name");

        var tokens = await skald.LoginAsync(new LoginRequest { Username = "csharp", Password = "12345678" });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tokens.Access);
        Equal((await skald.GetMeAsync()).Id, registered.Id, "who I am");

        StoredMessage first = await skald.SendMessageAsync(
            "generated",
            new SendRequest { Message = "Hello", Client_msg_id = "csharp-0001" });
        StoredMessage again = await skald.SendMessageAsync(
            "generated",
            new SendRequest { Message = "Hello", Client_msg_id = "csharp-0001" });
        StoredMessage second = await skald.SendMessageAsync("generated", new SendRequest { Message = "world" });
        Equal(first.Duplicate, false, "a new message");
        Equal(again.Duplicate, true, "the same once more");
        Equal(again.Seq, first.Seq, "the seq of both");

        var page = await skald.ReadHistoryAsync("generated", limit: 2, before: null, after: first.Seq - 1);
        Equal(string.Join(" ", page.Select(message => message.Message)), "Hello world", "the history");
        Equal(page.Last().Seq, second.Seq, "the last seq");

        var edit = await skald.EditMessageAsync("generated", first.Seq, new EditRequest { Message = "Hello,", If_version = first.Seq });
        Equal(edit.Target, first.Seq, "the message that is edited");
        var late = await RefusedAsync(
            () => skald.EditMessageAsync("generated", first.Seq, new EditRequest { Message = "Hi", If_version = first.Seq }));
        Equal(late.Code, "edit_conflict", "the code of an edit of a text that is no more");
        var deletion = await skald.DeleteMessageAsync("generated", first.Seq);
        Equal(deletion.Seq, edit.Seq + 1, "the place of the deletion");

        http.DefaultRequestHeaders.Authorization = null;
        Equal((await RefusedAsync(() => skald.GetMeAsync())).Code, "not_authenticated", "who am I, without a token");
    }

    private static async Task<Problem> RefusedAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (ApiException<Problem> e)
        {
            Equal(e.Result.Status, e.StatusCode, "the status");
            return e.Result;
        }

        throw new InvalidOperationException("It was not refused.");
    }

    private static void Equal<T>(T real, T wanted, string what)
    {
        if (!Equals(real, wanted))
            throw new InvalidOperationException($"{what}: {real} instead of {wanted}");
    }
}
