//! The style and the script of the console, each under an address with the hash of its content.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use std::sync::LazyLock;

/// A file that never changes under its address.
pub(crate) struct Asset {
    /// Its name with the hash, relative to the pages.
    pub(crate) name: String,
    kind: &'static str,
    text: &'static str,
}

/// The style, with its colors before its forms.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("console", "css", "text/css; charset=utf-8", include_str!("../assets/console.css")));

/// The script: live pages, the slider, times that stay right.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::of("console", "js", "text/javascript; charset=utf-8", include_str!("../assets/console.js"))
});

/// The picture of the tab.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));

impl Asset {
    fn of(name: &str, extension: &str, kind: &'static str, text: &'static str) -> Self {
        let hash = HEXLOWER.encode(&hmac_sha256::Hash::hash(text.as_bytes())[..8]);
        Self { name: format!("{name}-{hash}.{extension}"), kind, text }
    }

    pub(crate) fn all() -> [&'static Self; 3] {
        [&STYLE, &SCRIPT, &ICON]
    }

    pub(crate) fn answer(&self) -> Response {
        let headers = [(CONTENT_TYPE, self.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
        (headers, self.text).into_response()
    }
}
