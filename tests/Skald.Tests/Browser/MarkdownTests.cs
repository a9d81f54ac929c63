using static Microsoft.Playwright.Assertions;

namespace Skald.Tests.Browser;

/// <summary>A small part of Markdown is shown as what it means, and everything else as the text that it is.</summary>
public sealed class MarkdownTests(Chromium chromium) : BrowserTest(chromium)
{
    /// <summary>The elements that a text becomes, as markup.</summary>
    private const string Render =
        """
        async text => {
            const { markdown } = await import(new URL("app/markdown.js", document.baseURI));
            const shown = document.createElement("div");
            shown.append(...markdown(text));
            return shown.innerHTML;
        }
        """;

    /// <summary>What of random texts is not kept, and which elements there are.</summary>
    private const string Fuzz =
        """
        async ([seed, rounds]) => {
            const { markdown } = await import(new URL("app/markdown.js", document.baseURI));
            const pieces = ["*", "**", "_", "`", "```", "\n```\n", "\n", "\n> ", "\n- ", "\n1. ", " ", "a", "b_c", "<b>", "&lt;", "(",
                "https://x.example/a_b*c", "é", "👍"];
            const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
            // Without signs, and the letters of which a block's language may be made, which is not shown.
            const bare = text => text.replace(/[*_`>\-\d.\s•)abc]/g, "");
            const lost = [], elements = new Set();
            for (let round = 0; round < rounds; round++) {
                const text = Array.from({ length: 1 + random() * 30 }, () => pieces[Math.floor(random() * pieces.length)]).join("");
                const shown = document.createElement("div");
                shown.append(...markdown(text));
                if (bare(shown.textContent) !== bare(text)) lost.push(text);
                for (const one of shown.querySelectorAll("*")) elements.add(one.tagName);
            }
            return [lost.slice(0, 3).join(" | "), [...elements].sort().join(" ")];
        }
        """;

    private const string Time =
        """
        async text => {
            const { markdown } = await import(new URL("app/markdown.js", document.baseURI));
            const begun = performance.now();
            markdown(text);
            return performance.now() - begun;
        }
        """;

    [Theory]
    [InlineData("a **bold** and *italic* and _slanted_ word", "a <strong>bold</strong> and <em>italic</em> and <em>slanted</em> word")]
    [InlineData("2*3*4, snake_case_name, a * b * c, ** no **", "2*3*4, snake_case_name, a * b * c, ** no **")]
    [InlineData("`x < *y*` is code", "<code>x &lt; *y*</code> is code")]
    [InlineData("(*so*) “_so_”", "(<em>so</em>) “<em>so</em>”")]
    [InlineData("**see _this_**", "<strong>see <em>this</em></strong>")]
    [InlineData("look:\n```js\nconst a = *b*;\n```\nthere", "look:<pre><code>const a = *b*;</code></pre>there")]
    [InlineData("```\nwithout an end", "```\nwithout an end")]
    [InlineData("> he said\n> *that*\nand I", "<blockquote>he said\n<em>that</em></blockquote>and I")]
    [InlineData("- one\n- **two**\n\nend", "<ul><li>one</li><li><strong>two</strong></li></ul>\nend")]
    [InlineData("3. three\n4. four", "<ol start=\"3\"><li>three</li><li>four</li></ol>")]
    [InlineData("1.5 litres\n-5 degrees", "1.5 litres\n-5 degrees")]
    [InlineData("<b>no</b> &amp; [x](javascript:alert(1))", "&lt;b&gt;no&lt;/b&gt; &amp;amp; [x](javascript:alert(1))")]
    public async Task Signs_are_shown_as_what_they_mean(string text, string markup)
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);

        Assert.Equal(markup, await ann.Page.EvaluateAsync<string>(Render, text));
    }

    [Fact]
    public async Task Message_is_shown_by_them_edited_as_it_was_written_and_its_addresses_are_links()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        await ann.SayAsync("**Read** https://example.com/a_b_c, `now`");

        var shown = ann.Part("message-text");
        await Expect(shown.Locator("strong")).ToHaveTextAsync("Read");
        await Expect(shown.Locator("code")).ToHaveTextAsync("now");
        var link = shown.Locator("a");
        await Expect(link).ToHaveTextAsync("https://example.com/a_b_c");
        await Expect(link).ToHaveAttributeAsync("rel", "noopener noreferrer nofollow");
        await ann.Messages.First.HoverAsync();
        await ann.Part("edit").ClickAsync();
        await Expect(ann.Part("editor")).ToHaveValueAsync("**Read** https://example.com/a_b_c, `now`");
        Assert.Empty(ann.Faults.ConsoleErrors);
    }

    [Fact]
    public async Task Random_texts_become_these_elements_and_no_others_and_lose_nothing_but_signs()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        var seed = Random.Shared.Next();

        var found = await ann.Page.EvaluateAsync<string[]>(Fuzz, new object[] { seed, 5_000 });

        Assert.Equal($"{seed}: ", $"{seed}: {found[0]}");
        Assert.Equal("A BLOCKQUOTE CODE EM LI OL PRE STRONG UL", found[1]);
    }

    [Fact]
    public async Task No_text_that_fits_into_a_message_takes_long()
    {
        var server = await StartServerAsync();
        var ann = await OpenAsAsync("ann", server.Address);
        string[] pieces = ["*", "**", "_", " _", " *a", "`", "```\n", "```a\n", "> ", "- x\n", "1. ", "[", " **a", "https://", "(*"];
        foreach (var piece in pieces)
        {
            var text = string.Concat(Enumerable.Repeat(piece, 8_000 / piece.Length));
            Assert.True(await ann.Page.EvaluateAsync<double>(Time, text) < 500, $"{piece} took long.");
        }
    }
}
