//! The built program with folders of texts and a database of its own, and what it must say, computed without an engine.

use embeddings::{Model, Vector, embed_queue, tenants_queue};
use limits::Heard;
use std::fmt::Write as _;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use steadfast::Engine;
use throwaway_postgres::{Cluster, Database};

pub(crate) struct Program {
    folder: tempfile::TempDir,
    postgres: Option<Database>,
}

impl Program {
    pub(crate) fn on_a_file() -> Self {
        Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), postgres: None }
    }

    /// Returns `None` if this machine has no Postgres.
    pub(crate) fn on_postgres() -> Option<Self> {
        let postgres = Some(Cluster::shared()?.database("embeddings"));
        Some(Self { postgres, ..Self::on_a_file() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes so many texts of a tenant, each with other words.
    pub(crate) fn write(&self, tenant: &str, texts: usize) {
        const WORDS: [&str; 9] =
            ["harbour", "bread", "amber", "engine", "river", "copper", "winter", "letter", "bridge"];
        std::fs::create_dir_all(self.path("texts").join(tenant)).unwrap();
        for number in 0..texts {
            let words = (0..12).map(|word| WORDS[(number * 7 + word * (number % 5 + 1)) % WORDS.len()]);
            let text = words.chain([tenant]).collect::<Vec<_>>().join(" ");
            std::fs::write(self.path("texts").join(tenant).join(format!("{number:03}.txt")), text).unwrap();
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embeddings"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some(database) = &self.postgres {
            command.args(["--postgres", database.url()]);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        limits::output(&mut self.command(arguments))
    }

    /// Runs a command, which must succeed, and returns its output.
    pub(crate) fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let remarks = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && remarks.is_empty(), "{arguments:?}: {remarks}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn index(&self) -> Running {
        let mut child = self.command(&["index", "texts"]).stdout(Stdio::piped()).spawn().unwrap();
        let heard = Heard::of(child.stdout.take().unwrap());
        Running { child, heard: Some(heard) }
    }

    /// Starts a worker, whose lines go to the log of all workers.
    pub(crate) fn worker(&self, pause: &str) -> Running {
        let log = File::options().append(true).create(true).open(self.path("log")).unwrap();
        let child = self.command(&["worker", "--pause-ms", pause]).stdout(log).spawn().unwrap();
        Running { child, heard: None }
    }

    /// Returns what the workers have done so far.
    pub(crate) fn log(&self) -> Vec<Event> {
        let text = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        // The last line may be half written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().filter_map(Event::of).collect()
    }

    /// Starts an engine that looks at the queues beside the program.
    pub(crate) async fn client(&self) -> Engine {
        let builder = match &self.postgres {
            Some(database) => Engine::builder().postgres(database.url()),
            None => Engine::builder().sqlite(self.path("embeddings.db")),
        };
        builder.queue(embed_queue()).queue(tenants_queue()).client().start().await.unwrap()
    }

    /// Returns what `index` and `search` must print.
    pub(crate) fn expected(&self, query: &str) -> (String, String) {
        let vector = |text: &str| Vector::of(text, Model::WordsAndPairs, 64);
        let names = |path: PathBuf| {
            let entries = std::fs::read_dir(path).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let (mut counts, mut found) = (String::new(), String::new());
        for tenant in names(self.path("texts")) {
            let files = names(self.path("texts").join(&tenant));
            let text = |file: &String| std::fs::read_to_string(self.path("texts").join(&tenant).join(file)).unwrap();
            let near = |file: &String| vector(&text(file)).similarity(&vector(query));
            let mut nearest: Vec<_> = files.iter().map(|file| (near(file), file)).collect();
            nearest.sort_by(|one, other| other.0.partial_cmp(&one.0).unwrap().then(one.1.cmp(other.1)));
            let shown: Vec<_> = nearest.iter().take(3).map(|(near, file)| format!("{file} {near:.3}")).collect();
            writeln!(counts, "{tenant}: {} texts", files.len()).unwrap();
            writeln!(found, "{tenant}, {} texts: {}", files.len(), shown.join(", ")).unwrap();
        }
        (counts, found)
    }
}

/// A line of the log: a worker begins a file of a tenant, or has embedded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) tenant: String,
    pub(crate) begins: bool,
}

impl Event {
    fn of(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let (begins, file) = match words[..] {
            ["worker", _, "begins", file] => (true, file),
            ["worker", _, "has", "embedded", file, "for", _] => (false, file),
            _ => return None,
        };
        Some(Self { tenant: file.split('/').next()?.to_owned(), begins })
    }
}

/// A process of the program, which is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    heard: Option<Heard>,
}

impl Running {
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Interrupts the process as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        assert!(Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits until the process has ended in order, and returns what it has printed.
    pub(crate) fn summary(mut self) -> String {
        assert!(limits::ended(&mut self.child).success());
        let lines = self.heard.take().map_or_else(Vec::new, Heard::to_end);
        lines.into_iter().map(|line| line + "\n").collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        limits::ended(&mut self.child);
    }
}
