//! TLS handshakes and the verification of servers' certificates.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::connection::Unknown;

/// Certificates of private authorities.
#[derive(Clone)]
pub struct CaCertificates(Arc<RootCertStore>);

/// The reason why certificates of authorities are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCa {
    /// No certificate in the text.
    #[error("no certificate found; certificate authorities must be in PEM format")]
    NoCertificate,
    /// A certificate that cannot be read, by its number in the text.
    #[error("certificate {0} is invalid")]
    Certificate(usize),
}

impl CaCertificates {
    /// Parses certificates in PEM format.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them is invalid, or there is none.
    pub fn from_pem(pem: &[u8]) -> Result<Self, InvalidCa> {
        let mut roots = RootCertStore::empty();
        for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            certificate
                .ok()
                .and_then(|certificate| roots.add(certificate).ok())
                .ok_or(InvalidCa::Certificate(index + 1))?;
        }
        if roots.is_empty() {
            return Err(InvalidCa::NoCertificate);
        }
        Ok(Self(Arc::new(roots)))
    }
}

impl fmt::Debug for CaCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaCertificates({})", self.0.len())
    }
}

/// The certificates that a server may show.
#[derive(Clone)]
pub(super) enum Trust {
    /// One for the server's name, from an authority that the system trusts.
    System,
    /// One for the server's name, from a private authority.
    Ca(CaCertificates),
    /// Any from a private authority.
    AnyName(CaCertificates),
}

#[derive(Clone)]
pub(super) struct Tls {
    pub(super) trust: Trust,
    pub(super) name: ServerName<'static>,
}

impl Tls {
    pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> Result<TlsStream<S>, Unknown> {
        let config = self
            .trust
            .config()
            .map_err(|error| Unknown(format!("TLS failed: {error}")))?;
        TlsConnector::from(config)
            .connect(self.name.clone(), stream)
            .await
            .map_err(|error| handshake_failure(&error))
    }
}

impl Trust {
    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        /// Reading the system's certificates takes milliseconds.
        static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        if let (Self::System, Some(config)) = (self, SYSTEM.get()) {
            return Ok(Arc::clone(config));
        }

        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match self {
            Self::System => builder.with_platform_verifier()?,
            Self::Ca(CaCertificates(roots)) => builder.with_root_certificates(Arc::clone(roots)),
            Self::AnyName(CaCertificates(roots)) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyName {
                    roots: Arc::clone(roots),
                    provider,
                })),
        };
        let mut config = builder.with_no_client_auth();
        // Every login is made on a fresh connection.
        config.resumption = Resumption::disabled();
        let config = Arc::new(config);
        match self {
            Self::System => Ok(Arc::clone(SYSTEM.get_or_init(|| config))),
            Self::Ca(_) | Self::AnyName(_) => Ok(config),
        }
    }
}

fn handshake_failure(error: &io::Error) -> Unknown {
    use CertificateError::{BadSignature, NotValidForName, NotValidForNameContext, UnknownIssuer};
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    Unknown(match cause {
        // A new authority with an old one's name is seen by its signatures.
        Some(Error::InvalidCertificate(UnknownIssuer | BadSignature)) => {
            "TLS failed: no trusted authority signed the certificate; add the one that did".into()
        }
        Some(Error::InvalidCertificate(NotValidForNameContext { presented, .. })) => format!(
            "TLS failed: the certificate is for another host, {}; connect to that, or use \
             tls=verify-ca with a private authority",
            presented.join(" or ")
        ),
        Some(Error::InvalidCertificate(NotValidForName)) => {
            "TLS failed: the certificate is for another host".into()
        }
        Some(Error::InvalidMessage(_)) => {
            "TLS failed: the answer is not TLS; check the port".into()
        }
        Some(cause) => format!("TLS failed: {cause}"),
        None => format!("TLS failed: {error}"),
    })
}

/// Accepts every certificate that an authority signed, whatever its name.
///
/// The certificates of managed Kafka instances do not hold their addresses.
#[derive(Debug)]
struct AnyName {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(end_entity)?,
            &self.roots,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
