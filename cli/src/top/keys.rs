//! What the reader chooses with keys.

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use steadfast::Status;

/// Which runs are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    #[default]
    Unfinished,
    Failing,
    All,
}

impl Choice {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::Failing => "parked and failed",
            Self::All => "all",
        }
    }

    /// Returns the statuses of these runs; none for any.
    pub(super) const fn statuses(self) -> &'static [Status] {
        match self {
            Self::Unfinished => &[Status::Running, Status::Sleeping, Status::Queued, Status::Paused, Status::Parked],
            Self::Failing => &[Status::Parked, Status::Failed, Status::TimedOut, Status::Refused],
            Self::All => &[],
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::Unfinished => Self::Failing,
            Self::Failing => Self::All,
            Self::All => Self::Unfinished,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) choice: Choice,
    /// The first run that is shown.
    pub(super) offset: usize,
    pub(super) is_frozen: bool,
    pub(super) is_helping: bool,
}

/// What is to be done for a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing but to draw anew.
    Nothing,
    Look,
    End,
}

impl State {
    pub(super) fn asked(&mut self, event: &Event, height: usize) -> Asked {
        let Event::Key(key) = event else { return Asked::Nothing };
        if key.kind == KeyEventKind::Release {
            return Asked::Nothing;
        }
        let page = (height / 2).max(1);
        match key.code {
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => return Asked::End,
            KeyCode::Esc if self.is_helping => self.is_helping = false,
            KeyCode::Char('q') | KeyCode::Esc => return Asked::End,
            KeyCode::Char('h' | '?') => self.is_helping = !self.is_helping,
            KeyCode::Char('f') => {
                (self.choice, self.offset) = (self.choice.next(), 0);
                return Asked::Look;
            }
            KeyCode::Char(' ') => {
                self.is_frozen = !self.is_frozen;
                return if self.is_frozen { Asked::Nothing } else { Asked::Look };
            }
            KeyCode::Char('r') => return Asked::Look,
            KeyCode::Down | KeyCode::Char('j') => self.offset += 1,
            KeyCode::Up | KeyCode::Char('k') => self.offset = self.offset.saturating_sub(1),
            KeyCode::PageDown => self.offset += page,
            KeyCode::PageUp => self.offset = self.offset.saturating_sub(page),
            KeyCode::Home => self.offset = 0,
            _ => return Asked::Nothing,
        }
        // Further runs may have to be read.
        if matches!(key.code, KeyCode::Down | KeyCode::Char('j') | KeyCode::PageDown) && !self.is_frozen {
            Asked::Look
        } else {
            Asked::Nothing
        }
    }

    /// Keeps one of so many runs in sight.
    pub(super) fn keep_within(&mut self, runs: usize) {
        self.offset = self.offset.min(runs.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Choice, State};
    use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

    fn press(state: &mut State, code: KeyCode) -> Asked {
        state.asked(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), 20)
    }

    #[test]
    fn keys_choose_scroll_freeze_and_end() {
        let mut state = State::default();
        assert_eq!((press(&mut state, KeyCode::Down), state.offset), (Asked::Look, 1));
        assert_eq!((press(&mut state, KeyCode::PageDown), state.offset), (Asked::Look, 11));
        state.keep_within(5);
        assert_eq!((press(&mut state, KeyCode::Up), state.offset), (Asked::Nothing, 3));
        assert_eq!(
            (press(&mut state, KeyCode::Char('f')), state.choice, state.offset),
            (Asked::Look, Choice::Failing, 0)
        );
        assert_eq!((press(&mut state, KeyCode::Char(' ')), state.is_frozen), (Asked::Nothing, true));
        assert_eq!((press(&mut state, KeyCode::Down), state.offset), (Asked::Nothing, 1));
        assert_eq!((press(&mut state, KeyCode::Char(' ')), state.is_frozen), (Asked::Look, false));
        assert_eq!((press(&mut state, KeyCode::Char('?')), state.is_helping), (Asked::Nothing, true));
        assert_eq!((press(&mut state, KeyCode::Esc), state.is_helping), (Asked::Nothing, false));
        assert_eq!(press(&mut state, KeyCode::Esc), Asked::End);
        let interrupt = Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert_eq!(state.asked(&interrupt, 20), Asked::End);
    }
}
