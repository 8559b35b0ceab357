//! The turn of the dashboard: keys that wait, news of the computation, then at most one picture or a part of one.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyEventKind};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect, Size};

use super::changes::Effect;
use super::echo::QUESTION;
use super::keepsake::Keepsake;
use super::keyboard::{Keyboard, News};
use super::link::Link;
use super::model::{Message, Model, PresetLine};
use super::pace::Pace;
use super::palette::Taken;
use super::pixels::gallery::Gallery;
use super::recording::Recorder;
use super::save::Saver;
use super::terminal::Signals;
use super::theme::{Depth, Ground};
use super::thrift::Thrift;
use super::update::update;
use super::{
    captions, changes, entry, keepsake, mouse, palette, place, save, sweeping, terminal, view,
};
use crate::experiment::presets;
use crate::run::Worker;

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
    /// What goes to the terminal.
    pub link: Link,
    /// Whether the terminal may be asked how much of it it has read.
    pub asks: bool,
    /// Whether the terminal was asked for its ground and has not said it yet.
    pub ground_open: bool,
    /// What the mouse holds.
    pub grip: Option<mouse::Grip>,
    /// What the link may carry.
    pub thrift: Thrift,
    /// What is recorded.
    pub recorder: Recorder,
    /// Whether it stops for a while at its next turn.
    pub stops: bool,
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
        input: &mut Keyboard,
        model: &mut Model,
        fps: f64,
    ) -> Result<(), B::Error>
    where
        B::Error: From<io::Error>,
    {
        let mut pace = Pace::new(fps, self.thrift.budget(), self.asks);
        Self::ask(&mut pace, Duration::ZERO, 0)?;
        let mut dirty = true;
        // when the reader last did something
        let mut touched = Instant::now();
        while !model.quit && self.signals.ended().is_none() {
            self.signals.beat();
            let mut anew = self.signals.resumed();
            if anew {
                terminal::enter()?;
            }
            if self.signals.stop_asked() || std::mem::take(&mut self.stops) {
                Self::settle(&pace, input)?;
                terminal::suspend()?;
                anew = true;
            }
            let awake = touched.elapsed() < AWAKE;
            let most = if awake { ANSWER } else { Duration::MAX };
            let (waits, idle) = (self.link.waits(), model.idle() && !awake);
            let wait = pace.wait(dirty, waits, idle).min(most);
            for effect in captions::go_on(model, Instant::now()) {
                anew |= self.perform(effect, model)?;
                dirty = true;
            }
            let mut waiting = input.next(wait, pace.listens())?;
            while let Some(news) = waiting {
                match news {
                    News::Event(event) => {
                        dirty = true;
                        touched = Instant::now();
                        let size = screen.size()?;
                        model.window = size;
                        anew |= self.answer(event, size, model)?;
                    }
                    News::Read => {
                        pace.answered(Instant::now());
                        Self::ask(&mut pace, Duration::ZERO, 0)?;
                    }
                    News::Said(said) => dirty |= self.hear(&said, model),
                }
                waiting = input.next(Duration::ZERO, pace.listens())?;
            }
            dirty |= self.saver.news(model);
            // a picture of which a part waits comes first
            dirty |= self.news(model, pace.frame_due() && !waits, awake);
            if anew {
                // Not `clear`: that asks the terminal where its cursor is, and waits for the answer.
                let size = screen.size()?;
                screen.resize(Rect::from((Position::ORIGIN, size)))?;
                dirty = true;
            }
            let drawn = dirty && pace.may_draw();
            if !model.quit && (drawn || waits && pace.part_due()) {
                let (start, before) = (Instant::now(), self.link.sent());
                // pictures in pixels go whole
                let whole = self.gallery.is_some();
                (self.link).allow(if whole { usize::MAX } else { pace.allowance() });
                if drawn {
                    model.frames_per_second = pace.frames_per_second();
                    self.draw(screen, model, anew)?;
                    dirty = false;
                } else {
                    Self::go_on(screen)?;
                }
                let (took, bytes) = (start.elapsed(), self.link.sent() - before);
                Self::ask(&mut pace, took, bytes)?;
                pace.sent(took, bytes);
                if !self.link.waits() {
                    let bytes = pace.bytes();
                    self.thrift.spent(bytes, Instant::now());
                    pace.drawn(self.thrift.pause(bytes));
                    model.theme.depth = self.thrift.depth(self.depth);
                    model.theme.whole = self.thrift.whole();
                    model.given_up = self.thrift.said();
                }
            }
        }
        Self::settle(&pace, input)?;
        Ok(())
    }

    /// Before the terminal is left.
    fn settle(pace: &Pace, input: &mut Keyboard) -> io::Result<()> {
        if pace.listens() {
            input.settle()?;
        }
        Ok(())
    }

    /// The terminal says something in a string: its ground, if the answer took longer than was waited for it and the reader has not chosen
    /// one since. Whether there is anything to draw.
    fn hear(&mut self, said: &str, model: &mut Model) -> bool {
        let Some(ground) = Ground::said(said).filter(|_| self.ground_open) else {
            return false;
        };
        self.ground_open = false;
        let chosen = model.theme.ground != Ground::default();
        if !chosen {
            model.theme.ground = ground;
        }
        !chosen
    }

    /// Asks the terminal how much it has read, where that is worth it after a part of a picture.
    fn ask(pace: &mut Pace, took: Duration, bytes: u64) -> io::Result<()> {
        if pace.asks(took, bytes) {
            let mut out = io::stdout();
            out.write_all(QUESTION)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Sends the next part of a picture.
    fn go_on<B: Backend>(screen: &mut Terminal<B>) -> Result<(), B::Error> {
        let backend = screen.backend_mut();
        backend.draw(std::iter::empty())?;
        backend.flush()
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
        self.link.count(bytes);
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

    pub(crate) fn end_recording(&self, model: &mut Model) {
        let Some(ended) = self.recorder.end() else {
            return;
        };
        let (Ok(said) | Err(said)) = &ended;
        model.farewell.push(said.clone());
        model.message = Some(ended.map_or_else(Message::Error, Message::Note));
    }

    pub(crate) fn perform(&mut self, effect: Effect, model: &mut Model) -> io::Result<Anew> {
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
            Effect::Suspend => self.stops = true,
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
