//! Frames are computed aside, in a thread that has the session for that long, so that nobody waits for a long step to end: a step of thousands
//! of tokens under doubly stochastic attention takes seconds, a key is answered within [`PATIENCE`]. How far a frame has come is told
//! while it is computed.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Session, SessionError};
use crate::integrate::ahead::Clock;

/// How long an answer to the reader waits for the step under way to end.
const PATIENCE: Duration = Duration::from_millis(50);
/// Numbers of tokens up to which a copy of the session is kept at every frame.
const COPIED_UP_TO: usize = 1 << 18;
/// With up to so many a copy is made where a frame takes so long that it does not count; with more, who asks waits for the frame to end.
const MOST_COPIED: usize = 1 << 22;
const LONG: Duration = Duration::from_millis(500);
/// How often is looked whether somebody asks.
const LOOK: Duration = Duration::from_millis(10);

/// Whether a copy of a session is kept at a frame, so that nobody has to wait for the next one, if that takes as long as the last one took.
pub(super) fn is_copied(numbers: usize, took: Duration) -> bool {
    numbers <= COPIED_UP_TO || numbers <= MOST_COPIED && took > LONG
}

/// How far the frame under way is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Seconds of the clock since it was begun.
    pub seconds: f64,
    /// Steps tried in it, of both sides.
    pub steps: u64,
    /// The share of its time that the slower side has behind it; none where steps do not tell.
    pub share: Option<f64>,
}

impl fmt::Display for Progress {
    /// "frame 35 %, 8 s left", or how long and how many steps where no share is known.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.share {
            Some(share) => {
                let left = self.seconds * (1.0 - share) / share;
                write!(f, "frame {:.0} %, {left:.0} s left", 100.0 * share)
            }
            None => write!(
                f,
                "{:.0} s within a frame, {} steps",
                self.seconds, self.steps
            ),
        }
    }
}

/// The frame under way, as the screen may ask for it.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    frame: Mutex<Option<Frame>>,
    steps: AtomicU64,
}

#[derive(Debug)]
struct Frame {
    since: Instant,
    clocks: Vec<Clock>,
    span: (f64, f64),
}

impl UnderWay {
    fn frame(&self) -> std::sync::MutexGuard<'_, Option<Frame>> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, session: &Session) {
        self.steps.store(0, Ordering::Relaxed);
        *self.frame() = Some(Frame {
            since: Instant::now(),
            clocks: session.clocks(),
            span: session.span(),
        });
    }

    /// Returns how long it took.
    pub(super) fn end(&self) -> Duration {
        (self.frame().take()).map_or(Duration::ZERO, |frame| frame.since.elapsed())
    }

    /// None between frames.
    pub(super) fn progress(&self) -> Option<Progress> {
        let frame = self.frame();
        let frame = frame.as_ref()?;
        let (from, to) = frame.span;
        let shares = frame
            .clocks
            .iter()
            .map(|clock| (clock.time() - from) / (to - from));
        let share = shares.fold(1.0, f64::min);
        Some(Progress {
            seconds: frame.since.elapsed().as_secs_f64(),
            steps: self.steps.load(Ordering::Relaxed),
            share: Some(share).filter(|share| *share > 0.0),
        })
    }
}

/// Whether a frame is to be given up: the end, a later start, a reader who wants to stop or change something.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    pub(super) quit: Arc<AtomicBool>,
    /// How many there were, and how many of them are answered.
    pub(super) starts: (Arc<AtomicU64>, u64),
    pub(super) interrupts: (Arc<AtomicU64>, u64),
    /// Whether interrupts count.
    pub(super) interruptible: bool,
}

impl Stop {
    pub(super) fn asked(&self) -> bool {
        let more = |(sent, taken): &(Arc<AtomicU64>, u64)| sent.load(Ordering::Relaxed) > *taken;
        self.quit.load(Ordering::Relaxed)
            || more(&self.starts)
            || (self.interruptible && more(&self.interrupts))
    }
}

/// What came of a frame: whether it was reached, an error, or a panic.
pub(super) type Outcome = Result<Result<bool, SessionError>, Box<dyn Any + Send>>;

struct Job {
    session: Box<Session>,
    stop: Stop,
}

/// A thread that moves a session on by a frame.
pub(super) struct Aside {
    jobs: Sender<Job>,
    done: Receiver<(Box<Session>, Outcome)>,
}

impl Aside {
    /// Starts the thread; it ends when its owner is gone and its job is done.
    pub(super) fn start(under_way: Arc<UnderWay>) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::<Job>();
        let (tell, done) = channel();
        thread::Builder::new()
            .name("frames".into())
            .spawn(move || {
                for Job { mut session, stop } in inbox {
                    let asked = || {
                        under_way.steps.fetch_add(1, Ordering::Relaxed);
                        stop.asked()
                    };
                    let outcome = catch_unwind(AssertUnwindSafe(|| session.advance(&asked)));
                    if tell.send((session, outcome)).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { jobs, done })
    }

    /// Hands a session over; false where the thread is gone.
    pub(super) fn give(&self, session: Box<Session>, stop: Stop) -> bool {
        self.jobs.send(Job { session, stop }).is_ok()
    }

    /// The session and what came of its frame; none when the thread is gone or, where the session `may_be_left`, somebody asked for a stop
    /// and the step under way did not end within [`PATIENCE`].
    pub(super) fn wait(&self, stop: &Stop, may_be_left: bool) -> Option<(Box<Session>, Outcome)> {
        let mut asked: Option<Instant> = None;
        loop {
            match self.done.recv_timeout(LOOK) {
                Ok(done) => return Some(done),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if may_be_left && stop.asked() => {
                    let since = *asked.get_or_insert_with(Instant::now);
                    if since.elapsed() > PATIENCE {
                        return None;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
