//! The lines on a terminal after the call was dropped.

use super::{Screen, View};
use crate::engine::activity::{Activity, ActivityKind};
use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

const WIDTH: usize = 80;

/// A terminal that keeps its lines.
#[derive(Clone, Debug, Default)]
struct Terminal(Arc<Mutex<(Vec<String>, usize)>>);

impl Terminal {
    fn shown(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.join("\n")
    }

    #[expect(clippy::unnecessary_wraps, reason = "so that each operation is one expression")]
    fn edit(&self, edit: impl FnOnce(&mut Vec<String>, &mut usize)) -> io::Result<()> {
        let (lines, row) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        edit(lines, row);
        lines.resize(lines.len().max(*row + 1), String::new());
        Ok(())
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        WIDTH.try_into().expect("a small number")
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.edit(|_, row| *row = row.saturating_sub(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.edit(|_, row| *row += n)
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)?;
        self.move_cursor_down(1)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.edit(|lines, row| {
            for character in text.chars() {
                if lines.get(*row).is_some_and(|line| line.chars().count() == WIDTH) {
                    *row += 1;
                }
                lines.resize(lines.len().max(*row + 1), String::new());
                lines[*row].push(character);
            }
        })
    }

    fn clear_line(&self) -> io::Result<()> {
        self.edit(|lines, row| {
            if let Some(line) = lines.get_mut(*row) {
                line.clear();
            }
        })
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_shown_stays_when_the_call_is_dropped() {
    let terminal = Terminal::default();
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
    let mut screen = Screen::Terminal { all, lines: Vec::new() };
    let mut view = View::new("ingest", "run-1");
    let started = ActivityKind::StepStarted { step: "copy".to_owned(), position: 1, attempt: 1 };
    view.see(Activity { seq: 2, at: SystemTime::now(), kind: started });
    screen.show(&mut view, &[]);
    assert!(terminal.shown().contains("copy"), "{}", terminal.shown());
    drop(screen);
    let shown = terminal.shown();
    assert!(shown.contains("ingest run-1: running") && shown.contains("copy  1 running"), "{shown}");
}

#[test]
fn of_the_failures_before_the_call_the_last_is_said_with_their_number() {
    let mut view = View::new("ingest", "run-1");
    let failed = |seq: u64| {
        let (step, message) = ("copy".to_owned(), format!("page {seq} is stuck"));
        let kind = ActivityKind::AttemptFailed { step, position: 7, attempt: 1, message, next: None };
        Activity { seq, at: SystemTime::now(), kind }
    };
    (1..=3).for_each(|seq| view.see(failed(seq)));
    assert!(view.take_said().is_empty(), "more may follow");
    view.caught_up();
    let last = "copy (call 7): attempt 1 failed and is repeated: page 3 is stuck (and 2 failures before)";
    assert_eq!(view.take_said(), [last]);
    view.see(failed(4));
    view.caught_up();
    assert_eq!(view.take_said(), ["copy (call 7): attempt 1 failed and is repeated: page 4 is stuck"]);
}
