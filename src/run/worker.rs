//! The thread that computes: it owns the session, takes commands and publishes snapshots. The screen never waits for
//! it, and it never waits for the screen.
//!
//! Commands take effect between two recorded frames, so that a run with changed parameters can be written down as
//! `[[change]]` entries and replayed to the bit. A panic in the numerics ends the worker, not the program: it becomes
//! the `failure` of the last report.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::experiment::{Change, Experiment};

use crate::run::sweep::Sweep;
use crate::run::{Session, SessionError};

use crate::snapshot::Snapshot;

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
    /// End the thread.
    Quit,
}

/// What the worker is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// Computing.
    Running,
    /// Waiting to go on.
    Paused,
    /// At the end of the experiment; going on takes it past its end.
    Finished,
    /// Ended by an error or a panic, with its message.
    Failed(String),
}

/// The latest news: a snapshot, and what the worker does.
#[derive(Debug, Clone)]
pub struct Report {
    /// Counts the reports; a reader that has seen this number has seen everything.
    pub number: u64,
    /// The latest frame, none before the first.
    pub snapshot: Option<Arc<Snapshot>>,
    /// What the worker does.
    pub status: Status,
    /// Integrator steps of the tokens per second of the clock, over about the last second.
    pub steps_per_second: f64,
    /// Simulated time per second of the clock, asked for.
    pub speed: f64,
}

impl Report {
    /// Nothing has been computed yet.
    #[must_use]
    pub(crate) fn before_the_first(speed: f64) -> Self {
        Self {
            number: 0,
            snapshot: None,
            status: Status::Running,
            steps_per_second: 0.0,
            speed,
        }
    }
}

/// Commands that may wait; more are refused rather than blocking the screen.
const QUEUE: usize = 64;

/// A handle on the computing thread.
#[derive(Debug)]
pub struct Worker {
    commands: SyncSender<Command>,
    latest: Arc<Mutex<Report>>,
    quit: Arc<AtomicBool>,
    starts_sent: Arc<AtomicU64>,
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
        let desk = Desk {
            inbox,
            latest: Arc::clone(&latest),
            quit: Arc::clone(&quit),
            starts_sent: Arc::clone(&starts_sent),
            starts_taken: 0,
            speed,
            paused,
            sweep: Sweep::default(),
        };
        thread::Builder::new()
            .name("worker".into())
            .spawn(move || desk.run(experiment))?;
        Ok(Self {
            commands,
            latest,
            quit,
            starts_sent,
        })
    }

    /// Hands over a command; false when the worker is too busy to take another or has ended. Never blocks.
    pub fn send(&self, command: Command) -> bool {
        if matches!(command, Command::Quit) {
            self.quit.store(true, Ordering::Relaxed);
        }
        let start = matches!(command, Command::Start(_));
        let sent = self.commands.try_send(command).is_ok();
        if sent && start {
            // The frame under way is of no more use to anyone.
            self.starts_sent.fetch_add(1, Ordering::Relaxed);
        }
        sent
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
    speed: f64,
    paused: bool,
    sweep: Sweep,
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
        self.sweep = Sweep::new(&experiment);
        let mut session = Session::new(experiment);
        let mut pace = Pace::new(&session);
        let mut step_once = false;
        let mut past_end = false;
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
                        Ok(true) => {}
                        // What abandoned it waits in the inbox.
                        Ok(false) => continue,
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

    /// The next frame, and the points of a sweep that are due with it; false when it was abandoned.
    fn advance(&mut self, session: &mut Session) -> Result<bool, SessionError> {
        // whether a later start or the end waits in the inbox
        let (quit, sent, taken) = (&self.quit, &self.starts_sent, self.starts_taken);
        let abandoned = || quit.load(Ordering::Relaxed) || sent.load(Ordering::Relaxed) > taken;
        match self.sweep.keep_up(session, &abandoned) {
            Ok(true) => session.advance(&abandoned),
            other => other,
        }
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
            Command::Speed(speed) => self.speed = speed,
            Command::Change(change) => session.change(change),
        }
        None
    }

    fn wait_for_start(&mut self) -> Option<Experiment> {
        loop {
            match self.inbox.recv() {
                Ok(Command::Start(experiment)) => {
                    self.starts_taken += 1;
                    return Some(*experiment);
                }
                Ok(Command::Pause(paused)) => self.paused = paused,
                Ok(Command::Speed(speed)) => self.speed = speed,
                Ok(Command::Quit) | Err(_) => return None,
                Ok(Command::Step | Command::Change(_)) => {}
            }
        }
    }

    fn publish(&self, session: &Session, pace: &mut Pace, status: Status) {
        let mut snapshot = session.snapshot();
        snapshot.swept = Arc::clone(self.sweep.view());
        let rate = pace.steps_per_second(session);
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.number += 1;
        latest.snapshot = Some(Arc::new(snapshot));
        latest.status = status;
        latest.steps_per_second = rate;
        latest.speed = self.speed;
    }

    /// Says that nothing is being computed, if that is news. (A change of parameters acts from the next frame on, and shows
    /// then.)
    fn publish_waiting(&self, session: &Session, past_end: bool) {
        let status = if session.finished() && !past_end {
            Status::Finished
        } else if self.paused {
            Status::Paused
        } else {
            Status::Running
        };
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.status != status || latest.speed != self.speed {
            latest.status = status;
            latest.speed = self.speed;
            latest.number += 1;
        }
    }

    fn publish_status(&self, status: Status) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.status = status;
        latest.number += 1;
    }
}

/// Keeps simulated time (or its decades) in step with the clock and counts steps a second.
struct Pace {
    clock: Instant,
    time: f64,
    speed: f64,
    counted: Instant,
    steps: u64,
    rate: f64,
}

impl Pace {
    fn new(session: &Session) -> Self {
        let now = Instant::now();
        Self {
            clock: now,
            time: session.clock(0),
            speed: 0.0,
            counted: now,
            steps: session.token_steps(),
            rate: 0.0,
        }
    }

    fn restart(&mut self, session: &Session) {
        self.clock = Instant::now();
        self.time = session.clock(0);
    }

    /// How long to wait before the next frame is due at this speed. When the computation is slower than the speed asked
    /// for, the lost time is forgotten rather than caught up.
    fn early(&mut self, session: &Session, speed: f64) -> Duration {
        if speed != self.speed {
            self.speed = speed;
            self.restart(session);
        }
        let due = (session.clock(1) - self.time) / speed;
        let passed = self.clock.elapsed().as_secs_f64();
        if passed > due + 0.25 {
            self.restart(session);
        }
        let wait = due - passed;
        if wait > 0.0 && wait.is_finite() {
            Duration::from_secs_f64(wait.min(3600.0))
        } else {
            Duration::ZERO
        }
    }

    fn steps_per_second(&mut self, session: &Session) -> f64 {
        let passed = self.counted.elapsed().as_secs_f64();
        if passed > 0.5 {
            self.rate = (session.token_steps() - self.steps) as f64 / passed;
            self.steps = session.token_steps();
            self.counted = Instant::now();
        }
        self.rate
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
