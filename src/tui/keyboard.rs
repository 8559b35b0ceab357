//! Where the loop has its events from: the keyboard, or in tests a list.

use std::io;
use std::time::Duration;

use crossterm::event::{self, Event};

/// Where events come from.
pub(crate) trait Input {
    /// The next event, waited for at most so long.
    ///
    /// # Errors
    /// The terminal's, when it is gone.
    fn next(&mut self, wait: Duration) -> io::Result<Option<Event>>;
}

/// The keyboard.
pub(crate) struct Keyboard;

impl Input for Keyboard {
    fn next(&mut self, wait: Duration) -> io::Result<Option<Event>> {
        let event = event::poll(wait).and_then(|ready| {
            if ready {
                event::read().map(Some)
            } else {
                Ok(None)
            }
        });
        match event {
            // A signal (a resize, a stop) is no hang-up.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            event => event,
        }
    }
}
