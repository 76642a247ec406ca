//! The handshake, by rustls.

use super::{Mode, Tls, files};
use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms, ring as provider};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Makes connections encrypted.
#[derive(Clone)]
pub(super) struct Connector {
    /// `None` where none is to be encrypted.
    config: Option<Arc<ClientConfig>>,
    checks_name: bool,
}

impl Connector {
    /// Returns one for connections that are not encrypted.
    pub(super) const fn unused() -> Self {
        Self { config: None, checks_name: false }
    }

    /// Reads the files that the options name.
    ///
    /// # Errors
    /// A file cannot be used: which, why, and what to do.
    pub(super) fn new(tls: &Tls) -> Result<Self, String> {
        // Named, because the process may have chosen none, or another one for a purpose of its own.
        let provider = Arc::new(provider::default_provider());
        let checks_name = tls.mode == Mode::VerifyFull;
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Arc::new(Verifier { roots: files::roots(tls)?, checks_name, algorithms });
        let config = configured(provider, verifier, files::identity(tls)?)?;
        Ok(Self { config: Some(Arc::new(config)), checks_name })
    }
}

fn configured(
    provider: Arc<CryptoProvider>,
    verifier: Arc<Verifier>,
    identity: Option<files::Identity>,
) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| format!("there is no version of TLS to speak ({error})"))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let Some((chain, key)) = identity else { return Ok(builder.with_no_client_auth()) };
    builder.with_client_auth_cert(chain, key).map_err(|error| {
        format!("`sslcert` and `sslkey` cannot be used together ({error}); name a certificate and its own key")
    })
}

/// The check of a server's certificate. In any mode the handshake proves that the server has its key.
#[derive(Debug)]
struct Verifier {
    /// The authorities that may sign it; `None` accepts every certificate.
    roots: Option<RootCertStore>,
    checks_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, between, now, self.algorithms.all)?;
            if self.checks_name {
                verify_server_name(&certificate, name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, io::Error> {
        let name = match ServerName::try_from(host.to_owned()) {
            Ok(name) => name,
            Err(error) if self.checks_name => return Err(io::Error::new(io::ErrorKind::InvalidInput, error)),
            // Nothing is compared with it, and an address is not sent.
            Err(_) => ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into()),
        };
        Ok(Handshake { config: self.config.clone(), name })
    }
}

/// A handshake that has not begun.
pub(super) struct Handshake {
    config: Option<Arc<ClientConfig>>,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let config = self.config.ok_or_else(|| io::Error::other("the connection was not to be encrypted"))?;
            Ok(Encrypted(TlsConnector::from(config).connect(self.name, socket).await?))
        })
    }
}

/// An encrypted connection.
pub(in super::super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        let certificates = self.0.get_ref().1.peer_certificates().unwrap_or_default();
        let hash = certificates.first().and_then(|certificate| endpoint(certificate));
        hash.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// Returns the hash of a certificate that binds a password to it (`tls-server-end-point`, RFC 5929); `None` if the
/// standard has none for its signature.
fn endpoint(certificate: &[u8]) -> Option<Vec<u8>> {
    use ring::digest::{SHA256, SHA384, SHA512, digest};
    // Certificate ::= SEQUENCE { the signed part SEQUENCE, SEQUENCE { the algorithm OBJECT IDENTIFIER, .. }, .. }
    let (fields, _) = element(certificate, 0x30)?;
    let (_, after) = element(fields, 0x30)?;
    let (algorithm, _) = element(element(after, 0x30)?.0, 0x06)?;
    let hash = match algorithm {
        // PKCS #1: with MD5 and SHA-1, in whose place the standard has SHA-256, and SHA-256.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 4 | 5 | 11]
        // ECDSA with SHA-1, and with SHA-256.
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02] => &SHA256,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 12]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03] => &SHA384,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 13]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04] => &SHA512,
        _ => return None,
    };
    Some(digest(hash, certificate).as_ref().to_vec())
}

/// Returns the contents of the first element of DER, and the bytes after it; `None` if it has another tag or is cut
/// off.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, short, after @ ..] = der else { return None };
    let bytes = usize::from(short & 0x7f);
    let (length, after) = match short {
        0..=0x7f => (bytes, after),
        _ if bytes > 4 => return None,
        _ => {
            let (length, after) = after.split_at_checked(bytes)?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), after)
        }
    };
    after.split_at_checked(length).filter(|_| *found == tag)
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, to)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Returns what to do about an error of a handshake; `None` if it is about something else.
pub(in super::super) fn advice(error: &tokio_postgres::Error) -> Option<&'static str> {
    use CertificateError as C;
    let causes = std::iter::successors(error.source(), |cause| StdError::source(*cause));
    let is_handshake = error.to_string() == "error performing TLS handshake";
    let mut causes = causes.filter_map(|cause| {
        // `io::Error::source` skips the error that it wraps.
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map_or_else(|| cause.downcast_ref(), |inner| inner.downcast_ref::<Error>())
    });
    let Some(cause) = causes.next() else {
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        return (is_handshake && text.contains("does not support TLS")).then_some(
            "the server does not encrypt connections, and `sslmode` wants it; set `ssl = on` there, or name another \
             server",
        );
    };
    Some(match cause {
        Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            "the server's certificate, or one above it, has expired; renew it on the server"
        }
        Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            "the server's certificate is not valid yet; check the clock of this machine"
        }
        Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            "the server's certificate is for another host; name the host as the certificate does (its subjectAltName), \
             or compare no names (`sslmode=verify-ca`)"
        }
        Error::InvalidCertificate(C::UnknownIssuer | C::BadSignature) => {
            "the server's certificate is not from an authority in `sslrootcert`; name the file of the one that signed \
             it"
        }
        Error::InvalidCertificate(C::Other(_)) => {
            "the server's certificate is not made for a server; make one of version 3 that is no authority (`CA:FALSE`)"
        }
        Error::AlertReceived(_) => {
            "the server refuses the handshake; if it asks for a certificate, name a valid one with `sslcert` and \
             `sslkey`"
        }
        _ => "TLS with the server fails; check that it speaks version 1.2 or 1.3, and its certificate",
    })
}
