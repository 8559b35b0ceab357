//! Where the loop has its events from: the keyboard, or in tests a list.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::link::Link;

/// While an answer is waited for, a change of the window is seen after so long at most.
const LISTEN: Duration = Duration::from_millis(20);
/// So long an answer is waited for when the terminal is left.
const MOMENT: Duration = Duration::from_millis(300);
/// A look at what has come already. (A wait of nothing does not look.)
const LOOK: Duration = Duration::from_micros(100);

/// Where events come from.
pub(crate) trait Input {
    /// The next event, waited for at most so long.
    ///
    /// # Errors
    /// The terminal's, when it is gone.
    fn next(&mut self, wait: Duration) -> io::Result<Option<Event>>;

    /// Waits a moment for an answer of the terminal that is under way, before the terminal is left: it is not for the shell.
    ///
    /// # Errors
    /// The terminal's, when it is gone.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The keyboard, and on the same line what the terminal answers.
pub(crate) struct Keyboard {
    link: Link,
    /// When it was looked whether crossterm has an event that was read before, or a change of the window; `None`, it may have one now.
    looked: Option<Instant>,
}

impl Keyboard {
    /// The keyboard at the other end of a link.
    pub(crate) fn new(link: Link) -> Self {
        Self { link, looked: None }
    }

    /// The next event while an answer is waited for: what comes and is no event is the answer, which is not one of crossterm's.
    fn listen(&mut self, wait: Duration) -> io::Result<Option<Event>> {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let looks = self.looked.is_none_or(|then| then.elapsed() >= LISTEN);
            let something = comes(if looks {
                Duration::ZERO
            } else {
                left.min(LISTEN)
            })?;
            // an answer that came during a look would not be seen
            if something || looks {
                let event = read(LOOK)?;
                self.looked = event.is_none().then(Instant::now);
                if event.is_some() {
                    return Ok(event);
                }
            }
            if something {
                self.link.answer();
                return Ok(None);
            }
            if Instant::now() >= end {
                return Ok(None);
            }
        }
    }
}

impl Input for Keyboard {
    fn next(&mut self, wait: Duration) -> io::Result<Option<Event>> {
        let event = if self.link.asked() {
            self.listen(wait)
        } else {
            self.looked = None;
            read(wait.max(LOOK))
        };
        match event {
            // A signal (a resize, a stop) is no hang-up.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            event => event,
        }
    }

    fn settle(&mut self) -> io::Result<()> {
        let end = Instant::now() + MOMENT;
        while self.link.asked() && Instant::now() < end {
            // keys that come now are too late
            let _late = self.next(end.saturating_duration_since(Instant::now()))?;
        }
        Ok(())
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
