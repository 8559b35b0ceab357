//! Where the loop has its news from: keys, and on the same line what the terminal answers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::strings::{Heard, Strings};

/// While an answer is waited for, a change of the window is seen after so long at most.
const LISTEN: Duration = Duration::from_millis(20);
/// So long an answer is waited for when the terminal is left.
const MOMENT: Duration = Duration::from_millis(300);
/// A look at what has been read already; a wait of nothing does not look.
const LOOK: Duration = Duration::from_micros(100);
/// What has come is read within this time.
const READ: Duration = Duration::from_millis(2);

/// What comes from the terminal.
#[derive(Debug)]
pub(crate) enum News {
    /// A key, the mouse, a window.
    Event(Event),
    /// It has read up to what it was asked.
    Read,
    /// It says something in a string.
    Said(String),
}

/// The keyboard, and on the same line what the terminal answers.
#[derive(Debug)]
pub(crate) struct Keyboard {
    /// Whether crossterm may have more of what it has read.
    more: bool,
    /// Whether the window has changed.
    changed: Arc<AtomicBool>,
    strings: Strings,
}

impl Keyboard {
    /// A keyboard; a flag tells when the window has changed.
    pub(crate) fn new(changed: Arc<AtomicBool>) -> Self {
        Self {
            more: true,
            changed,
            strings: Strings::default(),
        }
    }

    /// The next news, waited for at most so long; it `listens`, an answer is waited for.
    ///
    /// # Errors
    /// The terminal's, when it is gone.
    pub(crate) fn next(&mut self, wait: Duration, listens: bool) -> io::Result<Option<News>> {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let news = if listens {
                self.listen(left)
            } else {
                self.more = true;
                read(left.max(LOOK)).map(|event| event.map(News::Event))
            };
            match news {
                // A signal (a resize, a stop) is no hang-up.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(None),
                Ok(Some(News::Event(event))) => match self.strings.hear(event, Instant::now()) {
                    Heard::Event(event) => return Ok(Some(News::Event(event))),
                    Heard::String(said) => return Ok(Some(News::Said(said))),
                    Heard::Part => {}
                },
                news => return news,
            }
        }
    }

    /// Waits a moment for an answer of the terminal that is under way, before the terminal is left: it is not for the shell.
    ///
    /// # Errors
    /// The terminal's, when it is gone.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        let end = Instant::now() + MOMENT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // keys that come now are too late
            let news = self.next(left, true)?;
            if left.is_zero() || matches!(news, Some(News::Read)) {
                return Ok(());
            }
        }
    }

    /// The next event while an answer is waited for: what comes and is no event is the answer, which is not one of crossterm's.
    fn listen(&mut self, wait: Duration) -> io::Result<Option<News>> {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // an answer that comes during a look is not seen
            let looks = self.more || self.changed.swap(false, Ordering::SeqCst);
            let something = comes(if looks {
                Duration::ZERO
            } else {
                left.min(LISTEN)
            })?;
            if something || looks {
                let event = read(if something { READ } else { LOOK })?;
                self.more = event.is_some();
                if let Some(event) = event {
                    return Ok(Some(News::Event(event)));
                }
            }
            if something {
                return Ok(Some(News::Read));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
        }
    }
}

/// The next event of crossterm, waited for at most so long.
fn read(wait: Duration) -> io::Result<Option<Event>> {
    if event::poll(wait)? {
        event::read().map(Some)
    } else {
        Ok(None)
    }
}

/// Whether anything comes from the terminal within this time.
fn comes(wait: Duration) -> io::Result<bool> {
    let stdin = rustix::stdio::stdin();
    let mut waited = [PollFd::new(&stdin, PollFlags::IN)];
    let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
    Ok(rustix::event::poll(&mut waited, Some(&wait))? > 0)
}
