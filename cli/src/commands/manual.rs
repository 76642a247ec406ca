//! `completions` and `man`: made from the definition of the command line.

use crate::args::Args;
use crate::exit::Failure;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "steadfast", &mut text);
    text
}

/// Returns a manual page in the form of `man`.
pub(super) fn page(name: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut command = Args::command();
    command.build();
    if let Some(name) = name {
        let Some(found) = command.find_subcommand(name) else {
            return Err(Failure::Usage(format!("there is no command `{name}`; `steadfast --help` lists all")));
        };
        command = found.clone();
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    Ok(text)
}
