//! TLS whose verdict is kept apart from its facts: an expired certificate is a reading with a date, not a torn handshake.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::probe::Cause;

/// Whom this machine trusts, and how it speaks TLS; made once for many probes.
#[derive(Debug, Clone)]
pub struct Trust {
    verifier: Arc<WebPkiServerVerifier>,
    config: Arc<ClientConfig>,
}

impl Trust {
    /// Takes the machine's own list of authorities, and those of a PEM text beside them.
    ///
    /// The machine's own is read once while this program runs: it is a few hundred kilobytes, and a thousand probes
    /// share it.
    ///
    /// # Errors
    /// When there is no authority at all, in words.
    pub fn of_machine(beside: Option<&[u8]>) -> Result<Self, String> {
        static MACHINE: LazyLock<Result<Trust, String>> = LazyLock::new(|| Trust::read(None));
        if beside.is_some() { Self::read(beside) } else { MACHINE.clone() }
    }

    fn read(beside: Option<&[u8]>) -> Result<Self, String> {
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
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| format!("the authorities cannot be used: {error}"))?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be spoken here: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Possession(Arc::clone(&verifier))))
            .with_no_client_auth();
        config.alpn_protocols = ["h2", "http/1.1"].map(|name| name.as_bytes().to_vec()).to_vec();
        // What the last handshake left would make this one another thing than what a visitor's first is.
        config.resumption = Resumption::disabled();
        Ok(Self { verifier, config: Arc::new(config) })
    }

    /// Says why a chain is not to be trusted.
    fn distrust(&self, chain: &[CertificateDer<'_>], name: &ServerName<'_>, now: Timestamp) -> Option<Cause> {
        let Some((own, others)) = chain.split_first() else {
            return Some(Cause::new("certificate", "the server showed no certificate"));
        };
        let since_epoch = now.duration_since(Timestamp::UNIX_EPOCH).try_into().unwrap_or_default();
        let now = UnixTime::since_unix_epoch(since_epoch);
        self.verifier.verify_server_cert(own, others, name, &[], now).err().map(|error| distrusted(&error, chain))
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

/// Shakes hands, without believing anything. What the server showed is judged as of `now`.
///
/// # Errors
/// Why there was no handshake. A chain that is not to be trusted is none: [`Shown::distrust`] tells of it.
pub async fn shake_hands(stream: TcpStream, name: &str, trust: &Trust, now: Timestamp) -> Result<Secured, Cause> {
    let bare = name.trim_start_matches('[').trim_end_matches(']').to_owned();
    let server = ServerName::try_from(bare)
        .map_err(|error| Cause::new("tls-name", format!("`{name}` is no name for TLS: {error}")))?;
    let started = Instant::now();
    let connector = TlsConnector::from(Arc::clone(&trust.config));
    let stream = connector.connect(server.clone(), stream).await.map_err(|error| broken(&error))?;
    let took = started.elapsed();
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    let distrust = trust.distrust(chain, &server, now);
    let shown = Shown {
        version: session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
        protocol: session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        ..read(chain, distrust, now)
    };
    Ok((stream, shown, took))
}

fn broken(error: &io::Error) -> Cause {
    let spoken = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    let code = match (spoken, error.kind()) {
        (Some(rustls::Error::PeerIncompatible(_)), _) => "tls-version",
        (Some(rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)), _) => "tls-version",
        (Some(rustls::Error::AlertReceived(_)), _) => "tls-refused",
        (Some(rustls::Error::InvalidMessage(_)), _) => "tls-not-spoken",
        (_, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => "reset",
        (_, io::ErrorKind::UnexpectedEof) => "tls-closed",
        _ => "tls",
    };
    Cause::new(code, format!("no TLS: {error}"))
}

/// Reads what a chain says; what cannot be read is left out.
fn read(chain: &[CertificateDer<'_>], distrust: Option<Cause>, now: Timestamp) -> Shown {
    let mut shown = Shown {
        distrust,
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
        // A chain that is trusted although one of its certificates has ended does not need that one.
        if shown.distrust.is_some() || to > now {
            shown.expires = Some(shown.expires.map_or(to, |first| first.min(to)));
        }
        if position == 0 {
            shown.valid = Some((from, to));
            shown.issuer = certificate.issuer().to_string();
            let key = Sha256::digest(certificate.public_key().raw);
            shown.key = key.iter().map(|byte| format!("{byte:02x}")).collect();
        }
    }
    shown
}

/// Demands a proof that the server holds the key of what it shows, and nothing else: the rest is judged afterwards,
/// so that what is wrong with a certificate is told with its facts.
#[derive(Debug)]
struct Possession(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Possession {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn distrusted(error: &rustls::Error, chain: &[CertificateDer<'_>]) -> Cause {
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
    if !matches!(code, "certificate-authority" | "certificate") {
        return Cause::new(code, format!("the certificate is not to be trusted: {error}"));
    }
    let names = |bytes: &CertificateDer<'_>| {
        let (_, certificate) = X509Certificate::from_der(bytes).ok()?;
        Some((certificate.subject().to_string(), certificate.issuer().to_string()))
    };
    match (chain.len(), chain.last().and_then(names)) {
        (1, Some((subject, issuer))) if subject == issuer => {
            Cause::new("certificate-self-signed", format!("the certificate of `{subject}` is signed by itself"))
        }
        (_, Some((_, issuer))) if code == "certificate-authority" => {
            let message = format!("`{issuer}` signed the last certificate shown, and is neither shown nor trusted");
            Cause::new(code, message)
        }
        _ => Cause::new(code, format!("the certificate is not to be trusted: {error}")),
    }
}
