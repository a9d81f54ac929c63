namespace Skald.Protocol;

/// <summary>What a server says to one client.</summary>
public interface IServerFrame
{
    void WriteTo(FrameWriter writer);
}
