using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Skald.Tests.Harness;

/// <summary>A server certificate for 127.0.0.1 that nobody but its maker vouches for.</summary>
internal static class TestCertificate
{
    public static X509Certificate2 Value { get; } = Make();

    /// <summary>Takes it for what it is: everything must be right but who vouches for it.</summary>
    public static RemoteCertificateValidationCallback Accept { get; } =
        (_, _, _, errors) => errors == SslPolicyErrors.RemoteCertificateChainErrors;

    private static X509Certificate2 Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(
            new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2120, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), password: null);
    }
}
