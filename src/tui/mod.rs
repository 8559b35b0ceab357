//! The dashboard: keys become actions, actions change the model, the view draws it. The worker computes in its own
//! thread; the screen shows its latest snapshot and never waits for it.
//!
//! `key → Action → update(&mut Model, Action) → Vec<Effect>`, and `view(&Model, &mut Frame)`.

pub(crate) mod action;
pub(crate) mod between;
pub(crate) mod canvas;
pub(crate) mod captions;
pub(crate) mod changes;
pub(crate) mod cluster_colours;
pub mod config;
pub mod diagnose;
pub(crate) mod entry;
pub(crate) mod ghost;
pub(crate) mod keepsake;
pub(crate) mod keyboard;
pub mod keymap;
pub(crate) mod ladders;
pub(crate) mod layouts;
pub(crate) mod looking;
pub(crate) mod looks;
pub mod model;
pub(crate) mod mouse;
pub(crate) mod number;
pub mod options;
pub(crate) mod pace;
pub mod pages;
pub(crate) mod palette;
pub(crate) mod panels;
pub(crate) mod parameter;
pub(crate) mod past;
pub(crate) mod pixels;
pub(crate) mod place;
pub(crate) mod plain;
pub(crate) mod plot;
pub mod popups;
pub(crate) mod projection;
pub(crate) mod recording;
pub(crate) mod save;
pub mod sweep_page;
pub(crate) mod sweeping;
pub(crate) mod terminal;
pub mod theme;
pub(crate) mod thrift;
pub(crate) mod ticks;
pub(crate) mod time_axis;
pub mod tour;
pub(crate) mod trails;
pub(crate) mod update;
pub(crate) mod values;
pub mod view;
pub mod wire;
mod words;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect, Size};

pub use canvas::Marker;
pub use options::Options;
pub use pixels::protocol::PictureChoice;
pub use theme::{ColorChoice, ThemeChoice};

use crate::experiment::{Experiment, presets};

use crate::run::Worker;
use changes::Effect;
use keepsake::Keepsake;
use keyboard::{Input, Keyboard};
use model::{Message, Model, PresetLine};
use pace::Pace;
use palette::Taken;
use pixels::gallery::Gallery;
use pixels::protocol::Protocol;
use recording::Recorder;
use save::Saver;
use terminal::{Signals, TerminalGuard};
use theme::{Depth, Ground, Theme};
use thrift::Thrift;
use update::update;

/// Why the dashboard could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal refused.
    #[error("the terminal cannot be used: {0} (`metastable run` needs none)")]
    Terminal(io::Error),
    /// No thread for the computation.
    #[error("the computing thread cannot be started: {0}")]
    Worker(io::Error),
}

/// How it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Farewell {
    /// What is worth printing after the screen is gone: where runs were saved, and how to run them again.
    pub lines: Vec<String>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// Shows the dashboard on an experiment until it is left.
///
/// # Errors
/// [`TuiError`] when there is no terminal or no thread; a terminal that hangs up later is a quiet end.
pub fn run(experiment: Experiment, options: Options) -> Result<Farewell, TuiError> {
    let variable = |name: &str| std::env::var(name).ok();
    let depth = Depth::detect(options.color, variable);
    let term = variable("TERM").unwrap_or_default();
    let ground = Ground::detect(options.theme, depth, &term);
    let theme = Theme {
        ground,
        ..Theme::of(depth)
    };
    let lines = presets::list().into_iter().map(PresetLine::from).collect();
    let marker =
        (options.marker).unwrap_or_else(|| Marker::detect(|name| std::env::var(name).ok()));
    let mut model = Model::new(experiment.clone(), lines, theme, marker);
    model.speed = options
        .speed
        .filter(|speed| *speed > 0.0)
        .unwrap_or(model.speed);
    model.paused = options.paused;
    model.keys.clone_from(&options.keys);
    model.page = pages::about(&model.experiment);
    let signals = Signals::listen().map_err(TuiError::Terminal)?;
    let pictures = Protocol::in_use(options.pictures, (depth, options.bandwidth), variable);
    terminal::has_pictures(pictures);
    let worker =
        Worker::start(experiment, model.speed, options.paused).map_err(TuiError::Worker)?;
    let recorder = Recorder::default();
    let (mut screen, bytes) = terminal::screen(&recorder).map_err(TuiError::Terminal)?;
    terminal::hear_mouse(options.mouse);
    let visit = TerminalGuard::begin().map_err(TuiError::Terminal)?;
    let mut room = EventLoop {
        worker: &worker,
        signals: &signals,
        saver: Saver::default(),
        bytes,
        grip: None,
        thrift: Thrift::new(options.bandwidth),
        recorder,
        depth,
        gallery: pictures.map(Gallery::new),
    };
    if options.tour {
        // the first preset, and its sentence
        for effect in captions::begin(&mut model) {
            let _ = room.perform(effect, &mut model);
        }
    }
    // An error here is a terminal that has gone: there is nobody left to tell.
    let gone = room.run(&mut screen, &mut Keyboard, &mut model, options.fps);
    room.saver.give_up();
    room.end_recording(&mut model);
    drop(visit);
    // The screen has been left: ratatui would show the cursor once more, and panic where there is no terminal to show it on.
    std::mem::forget(screen);
    Ok(Farewell {
        lines: model.farewell,
        signal: (signals.ended()).or(gone.is_err().then_some(signal_hook::consts::SIGHUP)),
    })
}

/// So long after a key the loop looks for its consequences as often as while a run moves.
const AWAKE: Duration = Duration::from_secs(1);
/// So long it waits for a key at most then.
const ANSWER: Duration = Duration::from_millis(20);

/// What the loop works with.
#[derive(Debug)]
pub(crate) struct EventLoop<'a> {
    /// The computation.
    pub worker: &'a Worker,
    /// Signals.
    pub signals: &'a Signals,
    /// The thread that saves.
    pub saver: Saver,
    /// Bytes sent so far.
    pub bytes: Arc<AtomicU64>,
    /// What the mouse holds.
    pub grip: Option<mouse::Grip>,
    /// What the link may carry.
    pub thrift: Thrift,
    /// What is recorded.
    pub recorder: Recorder,
    /// The colours that the terminal has.
    pub depth: Depth,
    /// The pictures that it shows.
    pub gallery: Option<Gallery>,
}

/// Whether the whole screen has to be drawn anew.
type Anew = bool;

impl EventLoop<'_> {
    /// The loop: all waiting keys first, then at most one frame.
    // long: what a turn of the loop does, in its order
    ///
    /// # Errors
    /// The terminal's.
    pub(crate) fn run<B: Backend>(
        &mut self,
        screen: &mut Terminal<B>,
        input: &mut impl Input,
        model: &mut Model,
        fps: f64,
    ) -> Result<(), B::Error>
    where
        B::Error: From<io::Error>,
    {
        let mut pace = Pace::new(fps);
        let mut dirty = true;
        // when the reader last did something
        let mut touched = Instant::now();
        while !model.quit && self.signals.ended().is_none() {
            self.signals.beat();
            let mut anew = self.signals.resumed();
            if anew {
                terminal::enter()?;
            }
            if self.signals.stop_asked() {
                terminal::suspend()?;
                anew = true;
            }
            let awake = touched.elapsed() < AWAKE;
            let most = if awake { ANSWER } else { Duration::MAX };
            let wait = pace.wait(dirty, model.idle() && !awake).min(most);
            for effect in captions::go_on(model, Instant::now()) {
                anew |= self.perform(effect, model)?;
                dirty = true;
            }
            let mut waiting = input.next(wait)?;
            while let Some(event) = waiting {
                dirty = true;
                touched = Instant::now();
                let size = screen.size()?;
                model.window = size;
                anew |= self.answer(event, size, model)?;
                waiting = input.next(Duration::ZERO)?;
            }
            dirty |= self.saver.news(model);
            dirty |= self.news(model, pace.frame_due(), awake);
            if anew {
                // Not `clear`: that asks the terminal where its cursor is, and waits for the answer.
                let size = screen.size()?;
                screen.resize(Rect::from((Position::ORIGIN, size)))?;
                dirty = true;
            }
            if dirty && pace.may_draw() && !model.quit {
                model.frames_per_second = pace.frames_per_second();
                let (start, before) = (Instant::now(), self.bytes.load(Ordering::Relaxed));
                self.draw(screen, model, anew)?;
                let bytes = self.bytes.load(Ordering::Relaxed) - before;
                self.thrift.spent(bytes, Instant::now());
                pace.drawn(start.elapsed(), bytes, self.thrift.pause(bytes));
                model.theme.depth = self.thrift.depth(self.depth);
                model.theme.whole = self.thrift.whole();
                model.given_up = self.thrift.said();
                dirty = false;
            }
        }
        Ok(())
    }

    /// Draws a frame, and the pictures that it has in pixels.
    fn draw<B: Backend>(
        &mut self,
        screen: &mut Terminal<B>,
        model: &mut Model,
        anew: Anew,
    ) -> Result<(), B::Error>
    where
        B::Error: From<io::Error>,
    {
        let Some(gallery) = &mut self.gallery else {
            return screen.draw(|frame| view::view(model, frame)).map(|_| ());
        };
        model.easel = gallery.easel(self.recorder.on());
        let mut pictures = Vec::new();
        let done = screen.draw(|frame| pictures = view::pictured(model, frame))?;
        let buffer = done.buffer.clone();
        if anew {
            gallery.forget();
        }
        let bytes = gallery.bring(screen, &buffer, pictures)?;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Takes the computation's news when a picture is due; that the run stands still, or goes on, is the answer to a key, and comes at once,
    /// however seldom the link has room for pictures. Whether there is anything to draw.
    fn news(&self, model: &mut Model, due: bool, awake: bool) -> bool {
        let mut news = false;
        if due || awake {
            let report = self.worker.report();
            let answers = report.status != model.report.status;
            if report.number != model.report.number && (due || answers) {
                model.receive(report);
                news = true;
            }
        }
        if due {
            news |= model.note_progress(self.worker.under_way());
            news |= self.thrift.between() && model.move_between(Instant::now());
            news |= sweeping::look(model);
        }
        news
    }

    fn answer(&mut self, event: Event, size: Size, model: &mut Model) -> io::Result<Anew> {
        let key = match event {
            Event::Key(key) => key,
            Event::Resize(width, height) => {
                self.recorder.resize(Size::new(width, height));
                return Ok(false);
            }
            Event::Mouse(mouse) => {
                let mut anew = false;
                for effect in mouse::act(model, mouse, size, &mut self.grip) {
                    anew |= self.perform(effect, model)?;
                }
                return Ok(anew);
            }
            Event::Paste(text) => {
                place::paste(model, &text);
                return Ok(false);
            }
            _ => return Ok(false),
        };
        if !matches!(key.kind, KeyEventKind::Press | KeyEventKind::Repeat) {
            return Ok(false);
        }
        let mut anew = false;
        // a word or a value that is being typed comes first
        let effects = match palette::key(model, key) {
            Some(Taken::Done(effects)) => effects,
            Some(Taken::Act(action)) => update(model, action),
            None => place::key(model, key)
                .or_else(|| entry::key(model, key))
                .or_else(|| model.keys.action(key).map(|action| update(model, action)))
                .unwrap_or_default(),
        };
        for effect in effects {
            anew |= self.perform(effect, model)?;
        }
        Ok(anew)
    }

    /// Begins a recording, with all of the screen, or ends it.
    fn record(&self, model: &mut Model) -> Anew {
        if self.recorder.on() {
            self.end_recording(model);
            return false;
        }
        let title = model.title();
        let begun = keepsake::create(&save::slug(&title), "cast").and_then(|(path, file)| {
            let said = format!("recording to {}: R ends it", path.display());
            (self.recorder.begin(path, file, model.window, &title))
                .map(|()| said)
                .map_err(|error| format!("not recorded: {error}"))
        });
        let anew = begun.is_ok();
        model.message = Some(begun.map_or_else(Message::Error, Message::Note));
        anew
    }

    fn end_recording(&self, model: &mut Model) {
        let Some(ended) = self.recorder.end() else {
            return;
        };
        let (Ok(said) | Err(said)) = &ended;
        model.farewell.push(said.clone());
        model.message = Some(ended.map_or_else(Message::Error, Message::Note));
    }

    fn perform(&mut self, effect: Effect, model: &mut Model) -> io::Result<Anew> {
        match effect {
            Effect::Send(command) => {
                if !self.worker.send(command) {
                    model.message = Some(Message::Error(
                        "the computation is busy and did not take this: try again".into(),
                    ));
                }
            }
            Effect::Load(index) => match presets::load(&model.presets[index].name) {
                Ok(experiment) => {
                    for effect in changes::begin(model, experiment) {
                        self.perform(effect, model)?;
                    }
                }
                Err(error) => model.message = Some(Message::Error(error.to_string())),
            },
            Effect::List => model.presets = listed(),
            Effect::Where => save::ask(model),
            Effect::Save(folder) => self.saver.begin(model, folder),
            Effect::Keep(what) => keep(what, model),
            Effect::Record => return Ok(self.record(model)),
            Effect::Copy(text) => terminal::copy(&text)?,
            Effect::Redraw => return Ok(true),
            Effect::Suspend => {
                terminal::suspend()?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The presets, and the experiments that lie in the working directory.
fn listed() -> Vec<PresetLine> {
    let here = presets::beside(std::path::Path::new("."));
    presets::list()
        .into_iter()
        .chain(here)
        .map(PresetLine::from)
        .collect()
}

/// Writes the screen to a file.
fn keep(what: Keepsake, model: &mut Model) {
    let buffer = view::picture(model, model.window);
    let slug = save::slug(&model.experiment.title);
    let kept = keepsake::keep(what, &buffer, model.theme, &slug);
    if let Ok(said) = &kept {
        model.farewell.push(said.clone());
    }
    model.message = Some(kept.map_or_else(Message::Error, Message::Note));
}
