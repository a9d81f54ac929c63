using System.Globalization;
using System.Text;
using Skald.Bench.Measuring;

namespace Skald.Bench.Reports;

/// <summary>An SVG of a scenario's first compared figure: one group of bars for each number on the axis, one bar for each target.</summary>
internal sealed class Picture
{
    private const int Width = 860;
    private const int Height = 420;
    private const int Left = 70;
    private const int Right = 20;
    private const int Top = 70;
    private const int Bottom = 56;
    private const int Steps = 5;

    /// <summary>The share of a group's width that is left free between groups.</summary>
    private const double Gap = 0.18;

    /// <summary>Readable on white and on black; a page in dark mode gets its own text and grid.</summary>
    private const string Style = """
        <style>
          text { font: 12px system-ui, sans-serif; fill: #333; }
          .title { font-size: 15px; font-weight: 600; }
          .value { font-size: 10px; }
          .grid { stroke: #ddd; }
          .floor { fill: #9aa0a6; } .skald { fill: #d9480f; } .websocket { fill: #4c78a8; }
          .signalr { fill: #7b5ea7; } .node-ws { fill: #54a24b; }
          @media (prefers-color-scheme: dark) { text { fill: #ddd; } .grid { stroke: #444; } }
        </style>
        """;

    private readonly StringBuilder _svg = new();
    private readonly Figure _figure;
    private readonly List<IGrouping<int, Row>> _groups;
    private readonly List<string> _targets;
    private readonly double _step;

    private Picture(ScenarioResult result)
    {
        _figure = result.Scenario.Compared[0];
        // Where several trials share a number (other sizes, other windows), the first of them is drawn.
        var rows = Row.Of(result).Where(row => row.Median(_figure) is not null).DistinctBy(row => (row.Trial.Axis, row.Target)).ToList();
        _groups = [.. rows.GroupBy(row => row.Trial.Axis).OrderBy(group => group.Key)];
        _targets = [.. rows.Select(row => row.Target.Name).Distinct()];
        _step = NiceStep(rows.Select(row => row.Median(_figure)!.Value).DefaultIfEmpty(1).Max() / Steps);
    }

    private static int PlotHeight => Height - Top - Bottom;

    private double GroupWidth => (double)(Width - Left - Right) / Math.Max(1, _groups.Count);

    public static string Draw(ScenarioResult result)
    {
        var picture = new Picture(result);
        picture.DrawFrame();
        picture.DrawScale();
        for (var group = 0; group < picture._groups.Count; group++)
            picture.DrawGroup(group);
        return picture._svg.Append("</svg>\n").ToString();
    }

    private void DrawFrame()
    {
        var label = $"{_figure.Title} by number of readers";
        Write($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{label}\">");
        _svg.Append(Style).Append('\n');
        Write($"<text class=\"title\" x=\"{Left}\" y=\"24\">{Capital(_figure.Name)} a second, by number of readers</text>");
        for (var target = 0; target < _targets.Count; target++)
        {
            var x = Left + (target * 110);
            Write(
                    $"<rect class=\"{_targets[target]}\" x=\"{x}\" y=\"38\" width=\"12\" height=\"12\" rx=\"2\"/>");
            Write($"<text x=\"{x + 18}\" y=\"48\">{_targets[target]}</text>");
        }

        Write($"<text x=\"{Left + ((Width - Left - Right) / 2)}\" y=\"{Height - 12}\" text-anchor=\"middle\">readers in the room</text>");
    }

    private void DrawScale()
    {
        for (var step = 0; step <= Steps; step++)
        {
            var y = YOf(step * _step);
            Write($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\"/>");
            Write($"<text x=\"{Left - 8}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{Short(step * _step)}</text>");
        }
    }

    private void DrawGroup(int group)
    {
        var start = Left + (group * GroupWidth) + (GroupWidth * Gap / 2);
        var barWidth = GroupWidth * (1 - Gap) / _targets.Count;
        foreach (var row in _groups[group])
        {
            var value = row.Median(_figure)!.Value;
            var x = start + (_targets.IndexOf(row.Target.Name) * barWidth);
            var y = YOf(value);
            var height = Height - Bottom - y;
            Write($"<rect class=\"{row.Target.Name}\" x=\"{x + 1:F1}\" y=\"{y:F1}\" width=\"{barWidth - 2:F1}\" height=\"{height:F1}\" rx=\"2\"/>");
            Write($"<text class=\"value\" x=\"{x + (barWidth / 2):F1}\" y=\"{y - 4:F1}\" text-anchor=\"middle\">{Short(value)}</text>");
        }

        var middle = start + (GroupWidth * (1 - Gap) / 2);
        Write($"<text x=\"{middle:F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{_groups[group].Key:N0}</text>");
    }

    private double YOf(double value) => Height - Bottom - (value / (_step * Steps) * PlotHeight);

    private void Write(FormattableString line) => _svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static string Short(double value) => value switch
    {
        >= 1e6 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + " M",
        >= 1e3 => (value / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + " k",
        _ => value.ToString("0", CultureInfo.InvariantCulture),
    };

    /// <summary>The next number above that a reader divides easily.</summary>
    private static double NiceStep(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        double[] nice = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
        return power * nice.First(number => number * power >= step);
    }
}
