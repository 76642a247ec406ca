//! Whether and how connections are encrypted: `sslmode` and the options beside it, as libpq has them.

mod string;

#[cfg(feature = "postgres-tls")]
mod connector;
#[cfg(feature = "postgres-tls")]
mod files;

use super::link::LinkError;
use std::path::PathBuf;
use tokio_postgres::config::{ChannelBinding, Host, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config, Connection, Socket};

#[cfg(feature = "postgres-tls")]
pub(super) use connector::advice;

/// The stream of an encrypted connection.
#[cfg(feature = "postgres-tls")]
pub(super) type Stream = connector::Encrypted;
#[cfg(not(feature = "postgres-tls"))]
pub(super) type Stream = tokio_postgres::tls::NoTlsStream;

/// A new connection.
pub(super) type Connected = (Client, Connection<Socket, Stream>);

/// The end of messages about encryption that was not compiled in.
const UNENCRYPTED: &str = " wants encryption, which this build of steadfast lacks: enable its feature `postgres-tls`. \
     Without it use `sslmode=disable` or `prefer`, and a tunnel or a pooler on this machine where the network is not \
     to be trusted";

/// How connections are encrypted.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    mode: Mode,
    root: Option<Root>,
    /// The files of the client's certificate and its key.
    client: Option<(PathBuf, PathBuf)>,
}

/// `sslmode`, by how much it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// `sslrootcert`: the authorities that are trusted.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "postgres-tls"), expect(dead_code, reason = "nothing is encrypted without the feature"))]
enum Root {
    File(PathBuf),
    /// Those of the system.
    System,
}

const MODES: [(&str, Mode); 5] = [
    ("disable", Mode::Disable),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];

/// Reads a connection string: what the client knows of it, and how connections are encrypted.
///
/// # Errors
/// The client's; or the inner one says which option cannot be honoured.
pub(super) fn read(url: &str) -> Result<Result<(Config, Tls), String>, tokio_postgres::Error> {
    let string::Split { rest, ours } = string::split(url);
    let mut config: Config = rest.parse()?;
    let option = |name| ours.iter().rev().find(|(ours, _)| *ours == name).map(|(_, value)| value.as_str());
    let files = (option("sslrootcert"), option("sslcert"), option("sslkey"));
    Ok(Tls::new(option("sslmode"), files, &config).map(|tls| {
        tls.prepare(&mut config);
        (config, tls)
    }))
}

impl Tls {
    /// # Errors
    /// The options do not fit together, or need what was not compiled in.
    fn new(
        mode: Option<&str>,
        (root, certificate, key): (Option<&str>, Option<&str>, Option<&str>),
        config: &Config,
    ) -> Result<Self, String> {
        let root = root.filter(|file| !file.is_empty()).map(|file| match file {
            "system" => Root::System,
            file => Root::File(file.into()),
        });
        let mode = match mode {
            Some(word) => MODES.iter().find(|(known, _)| *known == word).map(|(_, mode)| *mode).ok_or_else(|| {
                let known: Vec<_> = MODES.iter().map(|(known, _)| format!("`{known}`")).collect();
                format!("`sslmode={word}` is none of {}", known.join(", "))
            })?,
            // The system trusts certificates of every host, so only the name distinguishes the server.
            None if matches!(root, Some(Root::System)) => Mode::VerifyFull,
            None => Mode::Prefer,
        };
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            (Some(_), None) => return Err("`sslcert` needs the file of its key beside it: add `sslkey`".to_owned()),
            (None, Some(_)) => return Err("`sslkey` needs its certificate beside it: add `sslcert`".to_owned()),
        };
        let tls = Self { mode, root, client };
        tls.fits(config).map_or(Ok(tls), Err)
    }

    /// Returns why the options cannot be honoured.
    fn fits(&self, config: &Config) -> Option<String> {
        let word = MODES.iter().find(|(_, mode)| *mode == self.mode).map_or("", |(word, _)| word);
        let binds = config.get_channel_binding() == ChannelBinding::Require;
        let wants = [
            (self.mode >= Mode::Require, format!("sslmode={word}")),
            (binds, "channel_binding=require".to_owned()),
            (self.client.is_some(), "sslcert".to_owned()),
        ];
        if let Some((_, option)) = wants.iter().find(|(is_wanted, _)| *is_wanted && cfg!(not(feature = "postgres-tls")))
        {
            return Some(format!("`{option}`{UNENCRYPTED}"));
        }
        if matches!(self.root, Some(Root::System)) && self.mode != Mode::VerifyFull {
            Some(format!(
                "`sslmode={word}` is too weak for `sslrootcert=system`, which trusts certificates of every host; use \
                 `sslmode=verify-full`"
            ))
        } else if self.root.is_none() && self.mode >= Mode::VerifyCa {
            Some(format!(
                "`sslmode={word}` needs to know whom to trust; add `sslrootcert=FILE` with the certificate of the \
                 authority, or `sslrootcert=system`"
            ))
        } else if binds && self.mode < Mode::Require {
            Some(format!("`channel_binding=require` needs `sslmode=require` or more, and there is `sslmode={word}`"))
        } else if config.get_ssl_negotiation() == SslNegotiation::Direct {
            Some("`sslnegotiation=direct` is not supported; leave it out: the server is asked first".to_owned())
        } else {
            None
        }
    }

    /// Completes the options of the client.
    fn prepare(&self, config: &mut Config) {
        // An address may stand for the host's name, which the handshake needs in any mode.
        if config.get_hosts().is_empty() {
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        // A socket of this machine is not encrypted in any mode, as in libpq.
        let is_local = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        config.ssl_mode(match self.mode {
            _ if is_local => SslMode::Disable,
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
    }

    /// Connects. Only `sslmode=prefer` continues without encryption where there is none, as in libpq.
    #[cfg(feature = "postgres-tls")]
    pub(super) async fn connect(&self, config: &Config) -> Result<Connected, LinkError> {
        if config.get_ssl_mode() == SslMode::Disable {
            return Ok(config.connect(connector::Connector::unused()).await?);
        }
        let connector = connector::Connector::new(self).map_err(LinkError::Tls)?;
        let refused = match config.connect(connector).await {
            Err(error) if self.mode == Mode::Prefer && is_about_tls(&error) => error,
            other => return Ok(other?),
        };
        let mut plain = config.clone();
        plain.ssl_mode(SslMode::Disable);
        plain.connect(connector::Connector::unused()).await.map_err(|_| refused.into())
    }

    /// Connects, without encryption.
    #[cfg(not(feature = "postgres-tls"))]
    pub(super) async fn connect(&self, config: &Config) -> Result<Connected, LinkError> {
        Ok(config.connect(tokio_postgres::NoTls).await?)
    }
}

/// Returns whether a connection without encryption may do better.
#[cfg(feature = "postgres-tls")]
fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::SqlState;
    // The client's errors have no public kind. The server's may come from a line `hostnossl` in `pg_hba.conf`.
    error.to_string() == "error performing TLS handshake"
        || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}
