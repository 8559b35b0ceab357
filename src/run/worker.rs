//! The thread that computes: it owns the session, takes commands and publishes snapshots. The screen never waits for
//! it, and it never waits for the screen.
//!
//! Commands take effect at recorded frames, so that a run with changed parameters can be written down as `[[change]]` entries and replayed to
//! the bit. Nobody waits for a frame to end: a pause stops within it, and goes on from there; a change takes a copy of the session at the
//! last frame, the one that is shown, and acts from it; a step that takes long ends aside ([`super::aside`]) meanwhile. A panic in the
//! numerics ends the worker, not the program: it becomes the `failure` of the last report.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::experiment::{Change, Experiment};
use crate::snapshot::Film;

pub use crate::run::aside::Progress;
use crate::run::aside::{Aside, Stop, UnderWay, is_copied};
use crate::run::clock::Pace;
use crate::run::report::Board;
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

/// A handle on the computing thread.
#[derive(Debug)]
pub struct Worker {
    commands: SyncSender<Command>,
    board: Board,
    quit: Arc<AtomicBool>,
    starts_sent: Arc<AtomicU64>,
    interrupts_sent: Arc<AtomicU64>,
    under_way: Arc<UnderWay>,
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
        let board = Board::of(Report::before_the_first(speed));
        let starts_sent = Arc::new(AtomicU64::new(0));
        let quit = Arc::new(AtomicBool::new(false));
        let interrupts_sent = Arc::new(AtomicU64::new(0));
        let under_way = Arc::new(UnderWay::default());
        let desk = Desk {
            inbox,
            board: board.clone(),
            quit: Arc::clone(&quit),
            starts_sent: Arc::clone(&starts_sent),
            starts_taken: 0,
            interrupts_sent: Arc::clone(&interrupts_sent),
            interrupts_taken: 0,
            under_way: Arc::clone(&under_way),
            kept: None,
            within: false,
            aside: None,
            late: None,
            took: Duration::MAX,
            ahead: None,
            speed,
            paused,
        };
        thread::Builder::new()
            .name("worker".into())
            .spawn(move || desk.run(experiment))?;
        Ok(Self {
            commands,
            board,
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

    /// How far the frame under way is; none between frames.
    #[must_use]
    pub fn under_way(&self) -> Option<Progress> {
        self.under_way.progress()
    }

    /// The latest report, without waiting for the computation.
    #[must_use]
    pub fn report(&self) -> Report {
        self.board.lock().clone()
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
    board: Board,
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
    /// The thread that computes frames.
    aside: Option<Aside>,
    /// One that still ends a step of the frame after the session's.
    late: Option<Aside>,
    /// How long the last frame took, or what was left of it.
    took: Duration,
    /// The frame up to which nothing is waited for.
    ahead: Option<usize>,
    speed: f64,
    paused: bool,
}

/// A session and whether it has come to its next frame, or a panic.
type Moved = Result<(Box<Session>, Result<bool, SessionError>), Box<dyn Any + Send>>;

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
                    let words = format!("the computation panicked: {}", message(&*panic));
                    self.board.now(Status::Failed(words), self.speed);
                    self.wait_for_start()
                }
            };
        }
    }

    /// Runs one experiment until another is to be started (or none).
    // long: the loop of what may happen to a run
    fn serve(&mut self, experiment: Experiment) -> Option<Experiment> {
        let mut session = Box::new(Session::new(experiment));
        (self.ahead, self.late) = (None, None);
        self.board.lock().film = Film::default();
        let mut pace = Pace::new(&session);
        let mut step_once = false;
        let mut past_end = false;
        self.keep(&session);
        self.board
            .publish(&session, &mut pace, Status::Running, self.speed);
        loop {
            match self.read_inbox(&mut session, &mut step_once, &mut past_end, &mut pace) {
                Next::Quit => return None,
                Next::Start(experiment) => return Some(*experiment),
                Next::Wait(time) => {
                    let status = self.status(&session, past_end);
                    self.board.now(status, self.speed);
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
                    // that it goes on is said before the next frame is there
                    let status = self.status(&session, past_end);
                    self.board.now(status, self.speed);
                    let outcome;
                    (session, outcome) = self.advance(session).unwrap_or_else(|p| resume_unwind(p));
                    match outcome {
                        Ok(true) => self.keep(&session),
                        // What abandoned it waits in the inbox.
                        Ok(false) => {
                            if self.within && !session.resumable() {
                                self.back_to_the_frame(&mut session);
                            }
                            continue;
                        }
                        Err(error) => {
                            self.board.publish(
                                &session,
                                &mut pace,
                                Status::Failed(error.to_string()),
                                self.speed,
                            );
                            return self.wait_for_start();
                        }
                    }
                    step_once = false;
                    let status = self.status(&session, past_end);
                    self.board.publish(&session, &mut pace, status, self.speed);
                }
            }
        }
    }

    /// The session at its next frame, and true; or false when that was abandoned, and the session within the frame or, where the step under
    /// way takes long, at the last one.
    fn advance(&mut self, session: Box<Session>) -> Moved {
        let stop = Stop {
            quit: Arc::clone(&self.quit),
            starts: (Arc::clone(&self.starts_sent), self.starts_taken),
            interrupts: (Arc::clone(&self.interrupts_sent), self.interrupts_taken),
            interruptible: self.kept.is_some(),
        };
        self.under_way.begin(&session);
        let aside = match (self.late.take(), self.aside.take()) {
            // a frame that was begun goes on
            (Some(late), _) => late,
            (None, aside) => {
                let aside = match aside {
                    Some(aside) => aside,
                    None => Aside::start(Arc::clone(&self.under_way)).map_err(gone)?,
                };
                if !aside.give(session, stop.clone()) {
                    return Err(gone("it has ended"));
                }
                aside
            }
        };
        let done = aside.wait(&stop, self.kept.is_some());
        self.took = self.under_way.end();
        let moved = match (done, &self.kept) {
            (Some((session, outcome)), _) => {
                self.aside = Some(aside);
                let outcome = outcome?;
                self.within = matches!(outcome, Ok(false));
                (session, outcome)
            }
            (None, Some(kept)) => {
                self.late = Some(aside);
                (kept.clone(), Ok(false))
            }
            (None, None) => return Err(gone("it has ended")),
        };
        Ok(moved)
    }

    /// Keeps a copy of the session at a frame.
    fn keep(&mut self, session: &Session) {
        self.within = false;
        let numbers = session.tokens().tokens().positions.len();
        self.kept = is_copied(numbers, self.took).then(|| Box::new(session.clone()));
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
                // what is computed by the old parameters is of no more use
                self.late = None;
                session.change(change);
                // a second change at the same frame adds to the first
                if let Some(kept) = &mut self.kept {
                    kept.change(change);
                }
            }
        }
        None
    }

    /// What it does now. (A change of parameters acts from the next frame on, and shows then.)
    fn status(&self, session: &Session, past_end: bool) -> Status {
        if session.finished() && !past_end {
            Status::Finished
        } else if self.paused {
            Status::Paused
        } else {
            Status::Running
        }
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
}

/// Why there is no thread to compute in, as a panic would say it.
fn gone(why: impl std::fmt::Display) -> Box<dyn Any + Send> {
    Box::new(format!("no thread to compute in: {why}"))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
