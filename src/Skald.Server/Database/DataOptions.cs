using System.ComponentModel.DataAnnotations;
using Skald.Server.Settings;

namespace Skald.Server.Database;

/// <summary>Where everything that must outlive the process is kept: the setting <c>Data</c>, or <c>--data DIR</c>.</summary>
public sealed class DataOptions
{
    internal const string Setting = "Data";

    /// <summary>A directory on a real disk, made at first start; relative to the working directory.</summary>
    [Required]
    [Setting(Setting)]
    public string Directory { get; set; } = "data";
}
