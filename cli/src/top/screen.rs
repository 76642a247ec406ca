//! The terminal while the view has it: another screen, and keys one by one. It is given back however the view ends.

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use std::io::{self, Stdout, Write as _};

pub(super) struct Screen(Stdout);

impl Screen {
    pub(super) fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        // From here on the terminal is given back, also after an error.
        let mut screen = Self(io::stdout());
        execute!(screen.0, EnterAlternateScreen, Hide)?;
        Ok(screen)
    }

    /// Returns the columns and lines; those of a small terminal if it reports none.
    pub(super) fn size() -> (u16, usize) {
        let (columns, lines) = size().unwrap_or_default();
        let or = |found: u16, otherwise: u16| if found == 0 { otherwise } else { found };
        (or(columns, 80), or(lines, 24).into())
    }

    pub(super) fn height() -> usize {
        Self::size().1
    }

    /// Draws the lines in place of those before, at once.
    pub(super) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        queue!(self.0, BeginSynchronizedUpdate, MoveTo(0, 0))?;
        for (line, text) in (0_u16..).zip(lines) {
            queue!(self.0, MoveTo(0, line))?;
            self.0.write_all(text.as_bytes())?;
            queue!(self.0, Clear(ClearType::UntilNewLine))?;
        }
        queue!(self.0, Clear(ClearType::FromCursorDown), EndSynchronizedUpdate)?;
        self.0.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = execute!(self.0, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}
