//! The thread that computes: it owns the session, takes commands and publishes snapshots. The screen never waits for
//! it, and it never waits for the screen.
//!
//! Commands take effect at recorded frames, so that a run with changed parameters can be written down as `[[change]]` entries and replayed to
//! the bit. Nobody waits for a frame to end: a pause stops within it, and goes on from there; a change takes a copy of the session at the
//! last frame, the one that is shown, and acts from it. A panic in the numerics ends the worker, not the program: it becomes
//! the `failure` of the last report.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::experiment::{Change, Experiment};
use crate::snapshot::Film;

use crate::run::clock::Pace;
pub use crate::run::report::{Report, Status};
use crate::run::{Session, SessionError};

/// What the screen asks of the worker.
#[derive(Debug, Clone)]
pub enum Command {
    /// Start this experiment from its beginning.
    Start(Box<Experiment>),
    /// Stop or go on.
    Pause(bool),
    /// Advance by one recorded frame, paused or not.
    Step,
    /// Simulated time per second of the clock.
    Speed(f64),
    /// Change parameters from the next frame on (`at` is filled in by the worker).
    Change(Change),
    /// Go on without waiting up to this frame, and stop there.
    Ahead(usize),
    /// End the thread.
    Quit,
}

/// Commands that may wait; more are refused rather than blocking the screen.
const QUEUE: usize = 64;
/// Numbers of tokens up to which a copy of the session is kept at every frame; with more a change waits for the frame to end.
const COPIED_UP_TO: usize = 1 << 18;

/// A handle on the computing thread.
#[derive(Debug)]
pub struct Worker {
    commands: SyncSender<Command>,
    latest: Arc<Mutex<Report>>,
    quit: Arc<AtomicBool>,
    starts_sent: Arc<AtomicU64>,
    interrupts_sent: Arc<AtomicU64>,
    under_way: Arc<UnderWay>,
}

/// How long the frame under way has taken, and its steps so far.
#[derive(Debug, Default)]
struct UnderWay {
    since: Mutex<Option<Instant>>,
    steps: AtomicU64,
}

impl UnderWay {
    fn begin(&self, since: Option<Instant>) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
        self.steps.store(0, Ordering::Relaxed);
    }
}

/// Whether a command is to stop the frame under way.
fn interrupts(command: &Command) -> bool {
    matches!(command, Command::Pause(true) | Command::Change(_))
}

impl Worker {
    /// Starts the thread on an experiment.
    ///
    /// # Errors
    /// The operating system's, when it has no thread to give.
    pub fn start(experiment: Experiment, speed: f64, paused: bool) -> std::io::Result<Self> {
        let (commands, inbox) = sync_channel(QUEUE);
        let latest = Arc::new(Mutex::new(Report::before_the_first(speed)));
        let starts_sent = Arc::new(AtomicU64::new(0));
        let quit = Arc::new(AtomicBool::new(false));
        let interrupts_sent = Arc::new(AtomicU64::new(0));
        let under_way = Arc::new(UnderWay::default());
        let desk = Desk {
            inbox,
            latest: Arc::clone(&latest),
            quit: Arc::clone(&quit),
            starts_sent: Arc::clone(&starts_sent),
            starts_taken: 0,
            interrupts_sent: Arc::clone(&interrupts_sent),
            interrupts_taken: 0,
            under_way: Arc::clone(&under_way),
            kept: None,
            within: false,
            ahead: None,
            speed,
            paused,
        };
        thread::Builder::new()
            .name("worker".into())
            .spawn(move || desk.run(experiment))?;
        Ok(Self {
            commands,
            latest,
            quit,
            starts_sent,
            interrupts_sent,
            under_way,
        })
    }

    /// Hands over a command; false when the worker is too busy to take another or has ended. Never blocks.
    pub fn send(&self, command: Command) -> bool {
        if matches!(command, Command::Quit) {
            self.quit.store(true, Ordering::Relaxed);
        }
        let start = matches!(command, Command::Start(_));
        let interrupt = interrupts(&command);
        let sent = self.commands.try_send(command).is_ok();
        if sent && start {
            // The frame under way is of no more use to anyone.
            self.starts_sent.fetch_add(1, Ordering::Relaxed);
        }
        if sent && interrupt {
            self.interrupts_sent.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    /// Seconds that the frame under way has taken, and the steps tried in it so far (of both sides); none between frames.
    #[must_use]
    pub fn under_way(&self) -> Option<(f64, u64)> {
        let since = *self
            .under_way
            .since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        since.map(|since| {
            let steps = self.under_way.steps.load(Ordering::Relaxed);
            (since.elapsed().as_secs_f64(), steps)
        })
    }

    /// The latest report, without waiting for the computation.
    #[must_use]
    pub fn report(&self) -> Report {
        self.latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.send(Command::Quit);
    }
}

/// The worker's side.
struct Desk {
    inbox: Receiver<Command>,
    latest: Arc<Mutex<Report>>,
    quit: Arc<AtomicBool>,
    starts_sent: Arc<AtomicU64>,
    starts_taken: u64,
    interrupts_sent: Arc<AtomicU64>,
    interrupts_taken: u64,
    under_way: Arc<UnderWay>,
    /// The session at the last frame, while it is not too large.
    kept: Option<Box<Session>>,
    /// Whether the session was stopped within a frame.
    within: bool,
    /// The frame up to which nothing is waited for.
    ahead: Option<usize>,
    speed: f64,
    paused: bool,
}

/// What to do after the inbox was emptied.
enum Next {
    Advance,
    Wait(Duration),
    Start(Box<Experiment>),
    Quit,
}

impl Desk {
    fn run(mut self, experiment: Experiment) {
        let mut next = Some(experiment);
        while let Some(experiment) = next.take() {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.serve(experiment)));
            next = match outcome {
                Ok(next) => next,
                Err(panic) => {
                    self.publish_status(Status::Failed(format!(
                        "the computation panicked: {}",
                        message(&*panic)
                    )));
                    self.wait_for_start()
                }
            };
        }
    }

    /// Runs one experiment until another is to be started (or none).
    fn serve(&mut self, experiment: Experiment) -> Option<Experiment> {
        let mut session = Session::new(experiment);
        self.ahead = None;
        self.report().film = Film::default();
        let mut pace = Pace::new(&session);
        let mut step_once = false;
        let mut past_end = false;
        self.keep(&session);
        self.publish(&session, &mut pace, Status::Running);
        loop {
            match self.read_inbox(&mut session, &mut step_once, &mut past_end, &mut pace) {
                Next::Quit => return None,
                Next::Start(experiment) => return Some(*experiment),
                Next::Wait(time) => {
                    self.publish_waiting(&session, past_end);
                    match self.inbox.recv_timeout(time) {
                        Ok(command) => {
                            if let Some(next) =
                                self.obey(command, &mut session, &mut step_once, &mut past_end)
                            {
                                return next.map(|experiment| *experiment);
                            }
                        }
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return None,
                    }
                }
                Next::Advance => {
                    match self.advance(&mut session) {
                        Ok(true) => self.keep(&session),
                        // What abandoned it waits in the inbox.
                        Ok(false) => {
                            self.within = true;
                            if !session.resumable() {
                                self.back_to_the_frame(&mut session);
                            }
                            continue;
                        }
                        Err(error) => {
                            self.publish(&session, &mut pace, Status::Failed(error.to_string()));
                            return self.wait_for_start();
                        }
                    }
                    step_once = false;
                    let status = if self.paused {
                        Status::Paused
                    } else {
                        Status::Running
                    };
                    self.publish(&session, &mut pace, status);
                }
            }
        }
    }

    /// The next frame; false when it was abandoned.
    fn advance(&mut self, session: &mut Session) -> Result<bool, SessionError> {
        // whether a later start or the end waits in the inbox
        let (quit, sent, taken) = (&self.quit, &self.starts_sent, self.starts_taken);
        let (asked, answered) = (&self.interrupts_sent, self.interrupts_taken);
        let (stops, steps) = (self.kept.is_some(), &self.under_way.steps);
        let abandoned = || {
            steps.fetch_add(1, Ordering::Relaxed);
            quit.load(Ordering::Relaxed)
                || sent.load(Ordering::Relaxed) > taken
                || (stops && asked.load(Ordering::Relaxed) > answered)
        };
        self.under_way.begin(Some(Instant::now()));
        let outcome = session.advance(&abandoned);
        self.under_way.begin(None);
        outcome
    }

    /// Keeps a copy of the session at a frame.
    fn keep(&mut self, session: &Session) {
        self.within = false;
        let numbers = session.tokens().tokens().positions.len();
        self.kept = (numbers <= COPIED_UP_TO).then(|| Box::new(session.clone()));
    }

    /// The session as it was at the last frame.
    fn back_to_the_frame(&mut self, session: &mut Session) {
        if let Some(kept) = self.kept.as_ref().filter(|_| self.within) {
            session.clone_from(kept);
        }
        self.within = false;
    }

    /// Counts what has been answered.
    fn took(&mut self, command: &Command) {
        self.interrupts_taken += u64::from(interrupts(command));
    }

    /// Obeys everything that waits, then says whether to compute, to wait or to leave.
    fn read_inbox(
        &mut self,
        session: &mut Session,
        step: &mut bool,
        past_end: &mut bool,
        pace: &mut Pace,
    ) -> Next {
        while let Ok(command) = self.inbox.try_recv() {
            if let Some(next) = self.obey(command, session, step, past_end) {
                return next.map_or(Next::Quit, Next::Start);
            }
        }
        if self.quit.load(Ordering::Relaxed) {
            return Next::Quit;
        }
        *step &= !session.exhausted();
        if let Some(frame) = self.ahead {
            if session.frame() < frame && !session.exhausted() {
                pace.restart(session);
                return Next::Advance;
            }
            self.ahead = None;
            self.paused = true;
        }
        if *step {
            pace.restart(session);
            return Next::Advance;
        }
        if self.paused || session.exhausted() || (session.finished() && !*past_end) {
            pace.restart(session);
            return Next::Wait(Duration::from_millis(250));
        }
        let early = pace.early(session, self.speed);
        if early.is_zero() {
            Next::Advance
        } else {
            Next::Wait(early.min(Duration::from_millis(100)))
        }
    }

    /// One command; Some(…) when this experiment is over.
    #[allow(clippy::option_option)] // outer: over or not; inner: another experiment or the end
    fn obey(
        &mut self,
        command: Command,
        session: &mut Session,
        step: &mut bool,
        past_end: &mut bool,
    ) -> Option<Option<Box<Experiment>>> {
        self.took(&command);
        match command {
            Command::Start(experiment) => {
                self.starts_taken += 1;
                return Some(Some(experiment));
            }
            Command::Quit => return Some(None),
            Command::Pause(paused) => {
                self.paused = paused;
                // Going on at the end means going past it.
                *past_end = !paused && (*past_end || session.finished());
            }
            Command::Step => *step = true,
            Command::Ahead(frame) => self.ahead = Some(frame),
            Command::Speed(speed) => self.speed = speed,
            Command::Change(change) => {
                self.back_to_the_frame(session);
                session.change(change);
                // a second change at the same frame adds to the first
                if let Some(kept) = &mut self.kept {
                    kept.change(change);
                }
            }
        }
        None
    }

    fn wait_for_start(&mut self) -> Option<Experiment> {
        loop {
            let command = self.inbox.recv();
            if let Ok(command) = &command {
                self.took(command);
            }
            match command {
                Ok(Command::Start(experiment)) => {
                    self.starts_taken += 1;
                    return Some(*experiment);
                }
                Ok(Command::Pause(paused)) => self.paused = paused,
                Ok(Command::Speed(speed)) => self.speed = speed,
                Ok(Command::Quit) | Err(_) => return None,
                Ok(Command::Step | Command::Ahead(_) | Command::Change(_)) => {}
            }
        }
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, session: &Session, pace: &mut Pace, status: Status) {
        let snapshot = session.snapshot();
        let rate = pace.steps_per_second(session);
        // copied before the report is locked, which the screen may be waiting for
        let film = self.report().film.clone();
        film.add(&snapshot);
        let mut latest = self.report();
        latest.number += 1;
        latest.snapshot = Some(Arc::new(snapshot));
        latest.status = status;
        latest.steps_per_second = rate;
        latest.speed = self.speed;
    }

    /// Says that nothing is being computed, if that is news. (A change of parameters acts from the next frame on, and shows then.)
    fn publish_waiting(&self, session: &Session, past_end: bool) {
        let status = if session.finished() && !past_end {
            Status::Finished
        } else if self.paused {
            Status::Paused
        } else {
            Status::Running
        };
        let mut latest = self.report();
        if latest.status != status || latest.speed != self.speed {
            latest.status = status;
            latest.speed = self.speed;
            latest.number += 1;
        }
    }

    fn publish_status(&self, status: Status) {
        let mut latest = self.report();
        latest.status = status;
        latest.number += 1;
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
