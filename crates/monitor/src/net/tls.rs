//! TLS whose verdict is kept apart from its facts: an expired certificate is a reading with a date, not a torn handshake.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::probe::Cause;

/// Whom this machine trusts, made once for many probes.
#[derive(Debug, Clone)]
pub struct Trust {
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// Takes the machine's own list of authorities, and those of a PEM text beside them.
    ///
    /// # Errors
    /// When there is no authority at all, in words.
    pub fn of_machine(beside: Option<&[u8]>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(text) = beside {
            for certificate in CertificateDer::pem_slice_iter(text) {
                let certificate =
                    certificate.map_err(|error| format!("the file of authorities is malformed: {error}"))?;
                roots.add(certificate).map_err(|error| format!("an authority cannot be used: {error}"))?;
            }
        }
        if roots.is_empty() {
            return Err("this machine trusts no certificate authority; install the package `ca-certificates`".into());
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| format!("the authorities cannot be used: {error}"))?;
        Ok(Self { verifier })
    }
}

/// What a server showed of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Why its certificates are not to be trusted.
    pub distrust: Option<Cause>,
    /// When the first certificate of its chain ends.
    pub expires: Option<Timestamp>,
    /// When its own certificate begins and ends.
    pub valid: Option<(Timestamp, Timestamp)>,
    /// Who signed it.
    pub issuer: String,
    /// SHA-256 of its public key, in hexadecimal: it changes when the key does, not when the certificate is renewed.
    pub key: String,
    /// The version of TLS.
    pub version: String,
    /// What was agreed on to speak, such as `h2`.
    pub protocol: Option<String>,
}

/// A connection that speaks TLS, what the server showed, and how long the handshake took.
pub type Secured = (TlsStream<TcpStream>, Shown, Duration);

/// Shakes hands, without believing anything.
///
/// # Errors
/// Why there was no handshake. A chain that is not to be trusted is none: [`Shown::distrust`] tells of it.
pub async fn shake_hands(stream: TcpStream, name: &str, trust: &Trust, protocols: &[&str]) -> Result<Secured, Cause> {
    let seen = Arc::new(Recorder { inner: Arc::clone(&trust.verifier), seen: Mutex::default() });
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config
        .map_err(|error| Cause::new("tls", format!("TLS cannot be spoken here: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    // What the last handshake left would make this one another thing than what a visitor's first is.
    config.resumption = rustls::client::Resumption::disabled();
    let bare = name.trim_start_matches('[').trim_end_matches(']').to_owned();
    let server = ServerName::try_from(bare)
        .map_err(|error| Cause::new("tls-name", format!("`{name}` is no name for TLS: {error}")))?;
    let started = Instant::now();
    let stream = TlsConnector::from(Arc::new(config)).connect(server, stream).await;
    let took = started.elapsed();
    let stream = stream.map_err(|error| broken(&error))?;
    let (chain, distrust) = seen.seen.lock().map(|mut seen| std::mem::take(&mut *seen)).unwrap_or_default();
    let (_, session) = stream.get_ref();
    let shown = Shown {
        distrust,
        version: session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
        protocol: session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        ..read(&chain)
    };
    Ok((stream, shown, took))
}

fn broken(error: &std::io::Error) -> Cause {
    let code = match error.kind() {
        std::io::ErrorKind::ConnectionReset => "reset",
        std::io::ErrorKind::UnexpectedEof => "tls-closed",
        _ => "tls",
    };
    Cause::new(code, format!("no TLS: {error}"))
}

/// Reads what a chain says; what cannot be read is left out.
fn read(chain: &[Vec<u8>]) -> Shown {
    let mut shown = Shown {
        distrust: None,
        expires: None,
        valid: None,
        issuer: String::new(),
        key: String::new(),
        version: String::new(),
        protocol: None,
    };
    for (position, bytes) in chain.iter().enumerate() {
        let Ok((_, certificate)) = X509Certificate::from_der(bytes) else { continue };
        let validity = certificate.validity();
        let [from, to] = [validity.not_before, validity.not_after]
            .map(|moment| Timestamp::from_second(moment.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH));
        shown.expires = Some(shown.expires.map_or(to, |first| first.min(to)));
        if position == 0 {
            shown.valid = Some((from, to));
            shown.issuer = certificate.issuer().to_string();
            let key = Sha256::digest(certificate.public_key().raw);
            shown.key = key.iter().map(|byte| format!("{byte:02x}")).collect();
        }
    }
    shown
}

type Seen = (Vec<Vec<u8>>, Option<Cause>);

/// Notes the chain and what is wrong with it, and lets the handshake go on.
struct Recorder {
    inner: Arc<WebPkiServerVerifier>,
    seen: Mutex<Seen>,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let chain = std::iter::once(end_entity).chain(intermediates).map(|certificate| certificate.to_vec()).collect();
        if let Ok(mut seen) = self.seen.lock() {
            *seen = (chain, verdict.err().map(|error| distrusted(&error)));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn distrusted(error: &rustls::Error) -> Cause {
    let code = match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate-expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "certificate-not-yet-valid",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => "certificate-name",
            CertificateError::UnknownIssuer => "certificate-authority",
            CertificateError::Revoked => "certificate-revoked",
            _ => "certificate",
        },
        _ => "certificate",
    };
    Cause::new(code, format!("the certificate is not to be trusted: {error}"))
}
