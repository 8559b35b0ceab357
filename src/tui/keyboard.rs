//! Where the loop has its events from: the keyboard, or in tests a list.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::link::Link;

/// While an answer is waited for, a change of the window is seen after so long at most.
const LISTEN: Duration = Duration::from_millis(20);
/// So long an answer is waited for when the terminal is left.
const MOMENT: Duration = Duration::from_millis(300);
/// A look at what has been read already; a wait of nothing does not look.
const LOOK: Duration = Duration::from_micros(100);
/// What has come is read within this time.
const READ: Duration = Duration::from_millis(2);

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
    /// Whether crossterm may have more of what it has read.
    more: bool,
    /// Whether the window has changed.
    changed: Arc<AtomicBool>,
}

impl Keyboard {
    /// The keyboard at the other end of a link; a flag tells when the window has changed.
    pub(crate) fn new(link: Link, changed: Arc<AtomicBool>) -> Self {
        Self {
            link,
            more: true,
            changed,
        }
    }

    /// The next event while an answer is waited for: what comes and is no event is the answer, which is not one of crossterm's.
    fn listen(&mut self, wait: Duration) -> io::Result<Option<Event>> {
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
                if self.more {
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
            self.more = true;
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
