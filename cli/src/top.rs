//! `top`: a live view of runs, queues and workers in a terminal.

mod keys;
mod screen;
mod seen;
mod view;

use crate::args::TopArgs;
use crate::exit::{Exit, Failure};
use crate::list::whole;
use crate::out::{Form, Out};
use crossterm::event::{Event, read};
use keys::{Asked, State};
use screen::Screen;
use seen::Seen;
use std::time::Duration;
use steadfast::inspect::Inspector;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Shows the view until the reader has enough; elsewhere than on a terminal, writes it once.
pub(crate) async fn top(inspector: &Inspector, out: &mut Out, args: &TopArgs) -> Result<Exit, Failure> {
    match out.form {
        Form::Terminal { .. } => live(inspector, out, args).await?,
        Form::Json => out.json(&Seen::read(inspector, &State::default(), usize::MAX).await?)?,
        Form::Plain => {
            let seen = Seen::read(inspector, &State::default(), usize::MAX).await?;
            whole(out, &seen.counts)?;
            whole(out, &seen.workers)?;
            whole(out, &seen.queues)?;
            whole(out, &seen.runs)?;
        }
    }
    Ok(Exit::Done)
}

async fn live(inspector: &Inspector, out: &mut Out, args: &TopArgs) -> Result<(), Failure> {
    let interval = Duration::from_secs(args.interval.into());
    let mut state = State::default();
    // What cannot be read at all is told in plain words, before the screen is taken.
    let mut seen = Seen::read(inspector, &state, Screen::height()).await?;
    let is_colored = out.is_colored;
    let mut screen = Screen::take()?;
    let mut events = events();
    let mut look_at = Instant::now() + interval;
    loop {
        screen.draw(&view::lines(&seen, &state, Screen::size(), is_colored))?;
        match next(&mut events, look_at, &mut state).await {
            Asked::Nothing => {}
            Asked::End => return Ok(()),
            Asked::Look => {
                look_at = Instant::now() + interval;
                // A database that is away for a while ends no view: it says so, beside what was seen last.
                match Seen::read(inspector, &state, Screen::height()).await {
                    Ok(now) => seen = now,
                    Err(error) => seen.fault = Some(error.to_string()),
                }
                state.keep_within(seen.runs.len());
            }
        }
    }
}

/// Waits for a key or for the next look. Without a keyboard it goes on looking.
async fn next(events: &mut mpsc::UnboundedReceiver<Event>, look_at: Instant, state: &mut State) -> Asked {
    tokio::select! {
        Some(event) = events.recv() => state.asked(&event, Screen::height()),
        () = tokio::time::sleep_until(look_at), if !state.is_frozen => Asked::Look,
        // Frozen, and no key can change that.
        else => Asked::End,
    }
}

/// Reads the keyboard in a thread of its own, which ends with the program: a read cannot be given up.
fn events() -> mpsc::UnboundedReceiver<Event> {
    let (say, heard) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = read() {
            if say.send(event).is_err() {
                break;
            }
        }
    });
    heard
}

#[cfg(test)]
mod tests {
    use super::{Asked, Instant, State, next};
    use std::time::Duration;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn without_a_keyboard_it_goes_on_looking() {
        let (_, mut closed) = mpsc::unbounded_channel();
        let mut state = State::default();
        let mut asked = async || {
            let next = next(&mut closed, Instant::now(), &mut state);
            let asked = tokio::time::timeout(Duration::from_mins(1), next).await.expect("it goes on");
            state.is_frozen = true;
            asked
        };
        assert_eq!((asked().await, asked().await), (Asked::Look, Asked::End));
    }
}
