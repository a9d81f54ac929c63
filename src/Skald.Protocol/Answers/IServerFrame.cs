namespace Skald.Protocol;

/// <summary>What a server says to a client.</summary>
public interface IServerFrame
{
    void WriteTo(FrameWriter writer);
}
