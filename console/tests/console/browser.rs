//! A real browser, driven by `WebDriver`. It ends with this process, however that ends: see `throwaway_postgres`.

use crate::client::{Served, TOKEN};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use limits::Soon as _;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{LazyLock, Once};

/// With the value `1`, tests without a browser fail.
const REQUIRED: &str = "STEADFAST_BROWSER_REQUIRED";

/// The program, instead of the `chromedriver` of `PATH`.
const PROGRAM: &str = "STEADFAST_CHROMEDRIVER";

/// Starts the driver in a session of its own, and ends all of that when the pipe at its input is closed, which the kernel
/// does however this process ends.
const SCRIPT: &str = r#"
"$@" &
read -r _
kill -TERM 0
sleep 1
kill -KILL 0
"#;

/// A driver of browsers, for all tests of this process.
struct Driver {
    address: String,
    _watcher: Child,
    _pipe: ChildStdin,
}

static DRIVER: LazyLock<Option<Driver>> = LazyLock::new(start);

fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(PROGRAM) {
        return Some(path.into());
    }
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join("chromedriver")).find(|path| path.is_file())
}

fn start() -> Option<Driver> {
    let program = program()?;
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "watcher"]).arg(program).arg("--port=0").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut watcher = command.spawn().expect("a shell");
    let pipe = watcher.stdin.take().expect("piped");
    let mut lines = BufReader::new(watcher.stdout.take().expect("piped")).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    // It may go on to write.
    std::thread::spawn(move || lines.for_each(drop));
    let port = port.expect("chromedriver says at which port it is");
    Some(Driver { address: format!("http://127.0.0.1:{port}"), _watcher: watcher, _pipe: pipe })
}

/// A browser that is logged in to a console.
pub(crate) struct Browser {
    pub(crate) client: Client,
    console: String,
}

impl Browser {
    /// Opens a browser. Without one on this machine, says why the test is skipped, and returns `None`.
    ///
    /// # Panics
    /// There is none, and `STEADFAST_BROWSER_REQUIRED` is `1`.
    pub(crate) async fn open(console: &Served) -> Option<Self> {
        Self::with(console, &[], None).await
    }

    /// Opens a browser with more arguments, or as a phone of this width.
    pub(crate) async fn with(console: &Served, more: &[&str], phone: Option<u32>) -> Option<Self> {
        static SAID: Once = Once::new();
        // The first call starts a process, and waits for it.
        let Some(driver) = tokio::task::spawn_blocking(|| DRIVER.as_ref()).soon().await.expect("started") else {
            let why = format!("no `chromedriver` in PATH, and {PROGRAM} names none");
            assert!(std::env::var_os(REQUIRED).is_none_or(|value| value != "1"), "skipped: {why} ({REQUIRED} is set)");
            // Past the capture of the test harness, once.
            SAID.call_once(|| drop(writeln!(std::io::stderr(), "skipped: {why}")));
            return None;
        };
        let mut arguments = vec!["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        arguments.extend(more);
        let mut options = json!({ "args": arguments });
        if let Some(width) = phone {
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": width, "height": 800, "pixelRatio": 1 } });
        }
        let Value::Object(capabilities) =
            json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } })
        else {
            unreachable!("it is written as an object")
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = builder.connect(&driver.address).soon().await.expect("a browser");
        let browser = Self { client, console: format!("http://{}", console.socket) };
        browser.goto(&format!("?token={TOKEN}")).await;
        browser.until("location.pathname === '/runs'").await;
        Some(browser)
    }

    pub(crate) async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}/{path}", self.console)).soon().await.expect("a page");
    }

    /// Returns what a script returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).soon().await.expect("a script")
    }

    /// Waits until a condition in the page holds.
    #[track_caller]
    pub(crate) fn until(&self, condition: &str) -> impl Future<Output = ()> {
        let script = format!("return Boolean({condition})");
        limits::until(async move || {
            // A page that is being left answers no script.
            self.client.execute(&script, Vec::new()).await.is_ok_and(|value| value == true)
        })
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        let element = self.client.find(Locator::Css(css)).soon().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.text().soon().await.expect("a text")
    }

    pub(crate) async fn click(&self, css: &str) {
        let element = self.client.find(Locator::Css(css)).soon().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.click().soon().await.expect("a click");
    }

    pub(crate) async fn fill(&self, css: &str, text: &str) {
        let element = self.client.find(Locator::Css(css)).soon().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        element.clear().soon().await.expect("cleared");
        element.send_keys(text).soon().await.expect("typed");
    }

    /// Sends keys to what has the focus.
    pub(crate) async fn keys(&self, keys: &str) {
        let focused = self.client.active_element().soon().await.expect("something has the focus");
        focused.send_keys(keys).soon().await.expect("typed");
    }

    /// Closes the browser.
    pub(crate) async fn close(self) {
        self.client.close().soon().await.expect("closed");
    }
}
