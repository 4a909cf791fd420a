//! Authorities and certificates for servers on loopback, right and wrong ones.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// One that is as it should be.
    Right,
    /// One that has ended.
    Expired,
    /// One that has not begun.
    NotYet,
    /// One of another host.
    WrongHost,
    /// One that its own key signed.
    SelfSigned,
    /// One of an authority that nobody knows.
    Unknown,
    /// One without the certificate that leads from it to the authority.
    NoIntermediate,
    /// One that is right, beside one that has ended and that nobody needs.
    ExpiredBeside,
    /// One that ends in twelve hours of its ninety days.
    EndsSoon,
}

/// An authority, and one that it vouches for.
pub(crate) struct Authorities {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    stranger: CertifiedIssuer<'static, KeyPair>,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::DigitalSignature];
    params
}

fn own(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned(), "localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "server");
    params
}

impl Authorities {
    pub(crate) fn new() -> Self {
        let root = CertifiedIssuer::self_signed(authority("Root"), KeyPair::generate().unwrap()).unwrap();
        let intermediate =
            CertifiedIssuer::signed_by(authority("Intermediate"), KeyPair::generate().unwrap(), &root).unwrap();
        let stranger = CertifiedIssuer::self_signed(authority("Stranger"), KeyPair::generate().unwrap()).unwrap();
        Self { root, intermediate, stranger }
    }

    /// Returns whom one has to trust, as PEM.
    pub(crate) fn pem(&self) -> String {
        self.root.pem()
    }

    /// Returns the chain that a server shows, and its key.
    fn chain(&self, sort: Sort) -> (Vec<CertificateDer<'static>>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = own(if sort == Sort::WrongHost { "other.example.org" } else { "127.0.0.1" });
        if sort == Sort::WrongHost {
            params.subject_alt_names.truncate(1);
        }
        match sort {
            Sort::Expired => params.not_after = date_time_ymd(2024, 1, 1),
            Sort::NotYet => params.not_before = date_time_ymd(2090, 1, 1),
            Sort::EndsSoon => {
                let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
                let epoch = date_time_ymd(1970, 1, 1);
                params.not_after = epoch + now + std::time::Duration::from_secs(43_200);
                params.not_before = params.not_after - std::time::Duration::from_secs(90 * 86_400);
            }
            _ => {}
        }
        let others = vec![self.intermediate.der().clone()];
        let (own, others) = match sort {
            Sort::SelfSigned => (params.self_signed(&key).unwrap(), Vec::new()),
            Sort::Unknown => (params.signed_by(&key, &self.stranger).unwrap(), vec![self.stranger.der().clone()]),
            Sort::NoIntermediate => (params.signed_by(&key, &self.intermediate).unwrap(), Vec::new()),
            Sort::ExpiredBeside => {
                let mut old = authority("Old");
                old.not_after = date_time_ymd(2024, 1, 1);
                let old = CertifiedIssuer::self_signed(old, KeyPair::generate().unwrap()).unwrap();
                let others = others.into_iter().chain([old.der().clone()]).collect();
                (params.signed_by(&key, &self.intermediate).unwrap(), others)
            }
            _ => (params.signed_by(&key, &self.intermediate).unwrap(), others),
        };
        (std::iter::once(own.der().clone()).chain(others).collect(), key)
    }

    /// Returns how a server speaks TLS that shows this, and offers these protocols.
    pub(crate) fn server(&self, sort: Sort, protocols: &[&str]) -> Arc<ServerConfig> {
        let (chain, key) = self.chain(sort);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}
