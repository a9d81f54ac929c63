namespace Skald.Server.Operations;

/// <summary>The server will not start like this. The message is for the operator, and says which setting to change.</summary>
public sealed class StartupRefusedException : Exception
{
    public StartupRefusedException(string message)
        : base(message)
    {
    }

    public StartupRefusedException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
