//! Certificates that a test makes, and a server that has one.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm, date_time_ymd,
};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use throwaway_postgres::{Cluster, ClusterOptions, Database, PASSWORD, USER, available};

/// An authority that signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// A certificate and its key, as texts in the form PEM.
pub(crate) struct Signed {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str, algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let mut about = CertificateParams::new([]).expect("no names");
        about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        about.distinguished_name.push(DnType::CommonName, name);
        let certificate = about.self_signed(&key).expect("signed");
        Self { issuer: Issuer::new(about, key), certificate }
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    fn sign(&self, mut about: CertificateParams, name: &str) -> Signed {
        let key = KeyPair::generate().expect("a key");
        about.distinguished_name.push(DnType::CommonName, name);
        let certificate = about.signed_by(&key, &self.issuer).expect("signed").pem();
        Signed { certificate, key: key.serialize_pem() }
    }

    /// Signs a certificate of a server with the name `localhost`.
    fn server(&self, is_expired: bool) -> Signed {
        let mut about = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        about.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        if is_expired {
            (about.not_before, about.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        self.sign(about, "a server")
    }

    /// Signs a certificate of a client, for a role.
    pub(crate) fn client(&self, role: &str) -> Signed {
        let mut about = CertificateParams::new([]).expect("no names");
        about.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        self.sign(about, role)
    }
}

/// A server that encrypts connections.
pub(crate) struct Encrypting {
    pub(crate) cluster: Cluster,
    pub(crate) authority: Authority,
    /// A folder for files of clients, with the certificate of the authority, and of another one.
    folder: tempfile::TempDir,
}

/// A role that must have a certificate, and one that must not encrypt.
pub(crate) const BY_CERTIFICATE: &str = "by_certificate";
pub(crate) const PLAIN_ONLY: &str = "plain_only";

impl Encrypting {
    /// Starts a server; `None` if this machine has none.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(Authority::new("an authority", &PKCS_ECDSA_P256_SHA256), false)
    }

    /// Starts a server whose certificate has expired. Its authority has a key of another size.
    pub(crate) fn expired() -> Option<Self> {
        Self::start_with(Authority::new("an authority", &PKCS_ECDSA_P384_SHA384), true)
    }

    fn start_with(authority: Authority, is_expired: bool) -> Option<Self> {
        let server = authority.server(is_expired);
        let clients = format!(
            "local all all trust\n\
             hostssl all {BY_CERTIFICATE} 127.0.0.1/32 cert\n\
             hostnossl all {PLAIN_ONLY} 127.0.0.1/32 scram-sha-256\n\
             hostssl all {PLAIN_ONLY} 127.0.0.1/32 reject\n\
             host all all 127.0.0.1/32 scram-sha-256\n"
        );
        let files = vec![
            ("authority.crt", authority.pem()),
            ("server.crt", server.certificate),
            ("server.key", server.key),
            ("pg_hba.conf", clients),
        ];
        let settings = vec![("ssl", "on".to_owned()), ("ssl_ca_file", "authority.crt".to_owned())];
        let cluster = available(Cluster::start_with(&ClusterOptions { settings, files, ..ClusterOptions::default() }))?;
        for role in [BY_CERTIFICATE, PLAIN_ONLY] {
            let create = format!("CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{PASSWORD}'");
            cluster.execute("postgres", &create).expect("a role");
        }
        let encrypting = Self { cluster, authority, folder: tempfile::tempdir().expect("a folder") };
        encrypting.file("authority.crt", &encrypting.authority.pem());
        encrypting.file("other.crt", &Authority::new("another authority", &PKCS_ECDSA_P256_SHA256).pem());
        Some(encrypting)
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, contents).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("private");
        path
    }

    /// Writes the files of a client's certificate, and returns the options that name them.
    pub(crate) fn client(&self, name: &str, signed: &Signed) -> String {
        let certificate = self.file(&format!("{name}.crt"), &signed.certificate);
        let key = self.file(&format!("{name}.key"), &signed.key);
        format!("sslcert={}&sslkey={}", certificate.display(), key.display())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the URL of a database with options, in which `{authority}` and `{other}` stand for files.
    pub(crate) fn url(&self, host: &str, role: &str, database: &Database, options: &str) -> String {
        let file = |name: &str| Path::display(&self.path(name)).to_string();
        let options = options.replace("{authority}", &file("authority.crt")).replace("{other}", &file("other.crt"));
        format!("postgres://{role}:{PASSWORD}@{host}:{}/{}?{options}", self.cluster.tcp().port(), database.name())
    }

    /// Returns the URL of a database by the host's name and as the superuser.
    pub(crate) fn by_name(&self, database: &Database, options: &str) -> String {
        self.url("localhost", USER, database, options)
    }
}
