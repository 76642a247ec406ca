//! The files of certificates and keys. They are read for each connection, so that a new certificate counts at once.

use super::{Root, Tls};
use std::path::Path;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::{Error, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A client's certificate, with those of the authorities between it and the root, and its key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Returns the authorities that are trusted; `None` if every certificate will do.
///
/// # Errors
/// There are none, or they cannot be read: what, where, and what to do.
pub(super) fn roots(tls: &Tls) -> Result<Option<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    match &tls.root {
        None => return Ok(None),
        Some(Root::File(path)) => {
            for certificate in certificates("sslrootcert", path)? {
                roots.add(certificate).map_err(|error| {
                    let path = path.display();
                    format!("`sslrootcert={path}` has a certificate that cannot be read ({error}); export it anew")
                })?;
            }
        }
        Some(Root::System) => {
            let found = rustls_native_certs::load_native_certs();
            // Some systems have certificates that are too old for any use.
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
                let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
                return Err(format!(
                    "`sslrootcert=system` finds no certificate on this machine{why}; install them (on Debian the \
                     package `ca-certificates`), or name a file with `sslrootcert=FILE`"
                ));
            }
        }
    }
    Ok(Some(roots))
}

/// Returns the client's certificate.
///
/// # Errors
/// The files cannot be read: what, where, and what to do.
pub(super) fn identity(tls: &Tls) -> Result<Option<Identity>, String> {
    let Some((certificate, key)) = &tls.client else { return Ok(None) };
    let chain = certificates("sslcert", certificate)?;
    is_private(key)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
        let is_encrypted = std::fs::read_to_string(key).is_ok_and(|text| text.contains("ENCRYPTED"));
        let what = match error {
            Error::NoItemsFound if is_encrypted => {
                "has an encrypted key, for which there is no password; decrypt it (`openssl pkey`)"
            }
            Error::NoItemsFound => "has no private key in the form PEM; name the file that has it",
            Error::Io(_) => "cannot be read; name a file that this process may read",
            _ => "is damaged; export the key anew",
        };
        format!("`sslkey={}` {what} ({error})", key.display())
    })?;
    Ok(Some((chain, key)))
}

fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let what = match read {
        Ok(certificates) if !certificates.is_empty() => return Ok(certificates),
        Ok(_) => "has no certificate in the form PEM; name the file that has one".to_owned(),
        Err(error @ Error::Io(_)) => format!("cannot be read; name a file that this process may read ({error})"),
        Err(error) => format!("is damaged; export the certificate anew ({error})"),
    };
    Err(format!("`{option}={}` {what}", path.display()))
}

/// Refuses a key that other users may read, as libpq does.
#[cfg(unix)]
fn is_private(key: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    // A file without readable metadata cannot be read either, and that error says more.
    let Ok(about) = key.metadata() else { return Ok(()) };
    let open_to_others = if about.uid() == 0 { 0o037 } else { 0o077 };
    if about.mode() & open_to_others == 0 {
        return Ok(());
    }
    let key = key.display();
    Err(format!("`sslkey={key}` may be read by other users of this machine; take that right away (`chmod 600 {key}`)"))
}

#[cfg(not(unix))]
fn is_private(_key: &Path) -> Result<(), String> {
    Ok(())
}
