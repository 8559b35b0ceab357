//! What the screen knows: the latest report of the worker, and what the reader has chosen.

use std::sync::Arc;
use std::time::Instant;

use ratatui::layout::Size;

use super::between::Between;
use super::canvas::Marker;
use super::cluster_colours::Slots;
use super::keymap::KeyMap;
use super::ladders::default_speed;
pub(crate) use super::parameter::Parameter;
use super::past::{Past, Step};
use super::pixels::Easel;
pub use super::popups::{Palette, Place, Popup, PresetLine};
use super::projection::Camera;
use super::sweep_page::SweepPage;
use super::theme::Theme;
use super::tour::Tour;
use super::trails::{self, Trails};
use crate::dynamics::{Attention, Normalisation};
use crate::experiment::Experiment;
use crate::experiment::Spacing;
use crate::run::worker::{Progress, Report, Status};
use crate::snapshot::view::{FieldView, Picture};
use crate::snapshot::{History, Snapshot};

/// A run that others are compared with.
#[derive(Debug, Clone)]
pub struct Pinned {
    /// What it was.
    pub label: String,
    /// Its frames.
    pub history: History,
    /// d.
    pub dimension: usize,
    /// Whether its tokens are in ℝ^d.
    pub flat: bool,
    /// Whether it was left by going back to another run: the next one takes its place.
    pub left: bool,
}

/// A line for the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Something done.
    Note(String),
    /// Something refused or failed.
    Error(String),
}

/// Values that were asked for and are not yet in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PendingChange {
    /// β.
    pub beta: Option<f64>,
    /// D.
    pub diffusion: Option<f64>,
    /// (SA) or (USA).
    pub normalisation: Option<Normalisation>,
}

/// Everything the view draws from.
#[derive(Debug)]
pub struct Model {
    /// The latest news of the worker.
    pub report: Report,
    /// The frame at which the reader looks back, as it was when it was the latest.
    looking: Option<Arc<Snapshot>>,
    /// The way between the latest frames.
    pub(crate) between: Between,
    /// The reader's keys.
    pub keys: KeyMap,
    /// The tour under way.
    pub tour: Option<Tour>,
    /// What the link's budget has given up.
    pub given_up: Option<String>,
    /// What a restart starts.
    pub experiment: Experiment,
    /// The experiment as it was loaded, before any change.
    pub loaded: Experiment,
    /// What can be taken back.
    pub(crate) past: Past,
    /// The value that is being typed.
    pub entry: Option<String>,
    /// The folder whose name is being typed.
    pub place: Option<Place>,
    /// What is being looked for by its name.
    pub palette: Option<Palette>,
    /// The chosen row of the page of values.
    pub value: usize,
    /// The runs that are drawn as ghosts.
    pub pinned: Vec<Pinned>,
    /// The window when the last key was pressed.
    pub window: Size,
    /// Whether the first page has one picture, if the reader has chosen; else by the window's width.
    pub one: Option<bool>,
    /// The panel that has all of the first page.
    pub enlarged: Option<usize>,
    /// How far a frame is that takes long.
    pub under_way: Option<Progress>,
    /// The preset that waits for a yes.
    pub asked: Option<usize>,
    /// The sweep beside the run.
    pub sweep: SweepPage,
    /// Values asked for.
    pub wishes: PendingChange,
    /// Colours and glyphs of the tokens' clusters.
    slots: Slots,
    /// Where the tokens of S² were.
    trails: Trails,
    /// Simulated time per second of the clock, asked for.
    pub speed: f64,
    /// Whether the reader has stopped the run.
    pub paused: bool,
    /// The presets, in the order of the digits.
    pub presets: Vec<PresetLine>,
    /// Colours.
    pub theme: Theme,
    /// Where pictures in pixels are drawn.
    pub(crate) easel: Easel,
    /// Dots.
    pub marker: Marker,
    /// Index into [`super::pages::PAGES`].
    pub page: usize,
    /// How often the axis of time was halved.
    pub zoom: u32,
    /// Whether time runs logarithmically, if the reader has chosen; else as the frames are spaced.
    pub log_time: Option<bool>,
    /// From where the sphere is seen.
    pub gaze: Camera,
    /// What lies over it.
    pub popup: Option<Popup>,
    /// The chosen parameter.
    pub chosen: usize,
    /// A line for the reader.
    pub message: Option<Message>,
    /// How much of the run is saved, while it is.
    pub saving: Option<f64>,
    /// Frames drawn in the last second.
    pub frames_per_second: usize,
    /// Lines to be printed after leaving.
    pub farewell: Vec<String>,
    /// Whether the reader was told that a save is under way and asked to leave.
    pub warned: bool,
    /// Whether to leave.
    pub quit: bool,
}

impl Model {
    /// The screen before the first report.
    #[must_use]
    pub fn new(
        experiment: Experiment,
        presets: Vec<PresetLine>,
        theme: Theme,
        marker: Marker,
    ) -> Self {
        let speed = default_speed(&experiment);
        Self {
            report: Report::before_the_first(speed),
            looking: None,
            between: Between::default(),
            keys: KeyMap::default(),
            tour: None,
            given_up: None,
            loaded: experiment.clone(),
            past: Past::default(),
            entry: None,
            place: None,
            palette: None,
            value: 0,
            pinned: Vec::new(),
            window: Size::default(),
            one: None,
            enlarged: None,
            asked: None,
            under_way: None,
            sweep: SweepPage::default(),
            experiment,
            wishes: PendingChange::default(),
            slots: Slots::default(),
            trails: Trails::default(),
            speed,
            paused: false,
            presets,
            theme,
            easel: Easel::default(),
            marker,
            page: 0,
            zoom: 0,
            log_time: None,
            gaze: Camera::default(),
            popup: None,
            chosen: 0,
            message: None,
            saving: None,
            frames_per_second: 0,
            farewell: Vec::new(),
            warned: false,
            quit: false,
        }
    }

    /// The frame on show: the latest, or the one at which the reader looks back.
    #[must_use]
    pub(crate) fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        let live = || self.between.shown().or(self.report.snapshot.as_ref());
        self.looking.as_ref().or_else(live)
    }

    /// The latest frame.
    #[must_use]
    pub(crate) fn live(&self) -> Option<&Arc<Snapshot>> {
        self.report.snapshot.as_ref()
    }

    /// (t, value) of an observable in all of the run so far, also after the frame on show.
    #[must_use]
    pub(crate) fn series(&self, name: &str) -> Vec<(f64, f64)> {
        self.live()
            .map_or_else(Vec::new, |live| live.history.series_named(name))
    }

    /// Whether the frame on show is not the latest.
    #[must_use]
    pub(crate) fn looks_back(&self) -> bool {
        self.looking.is_some()
    }

    /// Shows a frame of the film with the history up to it, or again the latest.
    pub(crate) fn look_at(&mut self, frame: Option<&Arc<Snapshot>>) {
        let live = self.report.snapshot.as_ref();
        let back = frame.filter(|frame| live.is_none_or(|live| live.frame != frame.frame));
        self.looking = back.zip(live).map(|(frame, live)| {
            Arc::new(Snapshot {
                history: live.history.until(frame.frame),
                ..(**frame).clone()
            })
        });
        self.trails = Trails::default();
        let Some(shown) = self.snapshot().cloned() else {
            return;
        };
        self.slots = self.slots.follow(&shown.tokens.clusters);
        let from = shown.frame.checked_sub(trails::LENGTH + 1);
        for frame in self.report.film.after(from) {
            if frame.frame <= shown.frame {
                self.trails.follow(&frame, &shown.history);
            }
        }
    }

    /// Colour and glyph of each of the tokens' clusters, in the order of the snapshot.
    #[must_use]
    pub(crate) fn slots(&self) -> &[usize] {
        self.slots.list()
    }

    /// Whether time runs logarithmically on the plots.
    #[must_use]
    pub(crate) fn log_time(&self) -> bool {
        let spaced = (self.snapshot()).map_or(self.experiment.time.spacing, |snapshot| {
            snapshot.experiment.time.spacing
        });
        self.log_time.unwrap_or(spaced == Spacing::Log)
    }

    /// Whether the tokens are on S², which can be turned.
    #[must_use]
    pub(crate) fn has_sphere(&self) -> bool {
        self.experiment.tokens.dimension == 3 && !self.experiment.tokens.flat
    }

    /// Whether a key changes what is drawn: globe and map on S², angles and inner products of a zonal density.
    #[must_use]
    pub(crate) fn has_two_pictures(&self) -> bool {
        self.has_sphere() || self.zonal()
    }

    /// Whether the density is drawn by the angle to its axis.
    #[must_use]
    pub(crate) fn zonal(&self) -> bool {
        self.snapshot()
            .is_some_and(|snapshot| match &snapshot.field {
                FieldView::Resolved(density) | FieldView::UnderResolved { last: density, .. } => {
                    matches!(density.picture, Picture::Zonal { .. })
                }
                FieldView::None(_) | FieldView::Reference(_) | FieldView::Gaussian { .. } => false,
            })
    }

    /// Where the tokens of S² were at the last frames.
    #[must_use]
    pub(crate) fn trails(&self) -> &Trails {
        &self.trails
    }

    /// The chosen parameter.
    #[must_use]
    pub(crate) fn parameter(&self) -> Parameter {
        Parameter::ALL[self.chosen % Parameter::ALL.len()]
    }

    /// Takes news; wishes that it fulfils are forgotten.
    pub fn receive(&mut self, report: Report) {
        let another = !report.film.is(&self.report.film);
        if let Some(next) = &report.snapshot {
            let latest = self.report.snapshot.as_ref().filter(|_| !another);
            // a report without another frame leaves the way as it is
            if latest.is_none_or(|latest| latest.frame != next.frame) {
                self.between.arrive(latest, next, Instant::now());
            }
        }
        let before = (self.report.snapshot.as_ref())
            .filter(|_| !another)
            .map(|snapshot| snapshot.frame);
        self.report = report;
        if another {
            self.looking = None;
        }
        if let Some(snapshot) = &self.report.snapshot {
            // every frame since the last one, whether it was drawn or not: colours do not depend on the screen's speed
            let film = self.report.film.after(before);
            for frame in film.iter().filter(|_| self.looking.is_none()) {
                self.slots = self.slots.follow(&frame.tokens.clusters);
                self.trails.follow(frame, &snapshot.history);
            }
            if film.is_empty() && self.looking.is_none() {
                self.slots = self.slots.follow(&snapshot.tokens.clusters);
                self.trails.follow(snapshot, &snapshot.history);
            }
            let wishes = &mut self.wishes;
            wishes.beta = wishes.beta.filter(|beta| *beta != snapshot.attention.beta);
            wishes.diffusion = wishes
                .diffusion
                .filter(|diffusion| *diffusion != snapshot.diffusion);
            wishes.normalisation = wishes
                .normalisation
                .filter(|n| *n != snapshot.attention.normalisation);
        }
    }

    /// Goes on between the latest frames; whether that makes another picture.
    pub(crate) fn move_between(&mut self, at: Instant) -> bool {
        let running = matches!(self.report.status, Status::Running | Status::Finished);
        let moved = self.between.moves();
        match self.report.snapshot.clone() {
            Some(latest) if running && !self.looks_back() => self.between.go_on(&latest, at),
            _ => self.between.stop(),
        }
        moved
    }

    /// β and normalisation, as asked for or as they are.
    #[must_use]
    pub(crate) fn attention(&self) -> Attention {
        let now = self
            .snapshot()
            .map_or(self.experiment.attention, |snapshot| snapshot.attention);
        Attention {
            beta: self.wishes.beta.unwrap_or(now.beta),
            normalisation: self.wishes.normalisation.unwrap_or(now.normalisation),
            ..now
        }
    }

    /// Whether the run is no longer what was loaded: other parameters, n or seed.
    #[must_use]
    pub(crate) fn changed(&self) -> bool {
        let (now, then) = (&self.experiment, &self.loaded);
        let asked = self.wishes != PendingChange::default();
        let under_way = self.snapshot().is_some_and(|snapshot| {
            snapshot.experiment.title == then.title && snapshot.experiment.changes != then.changes
        });
        asked
            || under_way
            || now.attention != then.attention
            || now.noise.diffusion != then.noise.diffusion
            || (now.tokens.count, now.tokens.seed) != (then.tokens.count, then.tokens.seed)
    }

    /// Keeps the run under way among what can be taken back, before another takes its place.
    pub(crate) fn keep_run(&mut self) {
        let (now, then) = (self.experiment.clone(), self.loaded.clone());
        self.past.keep(Step::Run(Box::new(now), Box::new(then)));
        self.pinned.retain(|pinned| !pinned.left);
    }

    /// Whether nothing will happen before a key.
    #[must_use]
    pub(crate) fn idle(&self) -> bool {
        let still = !matches!(self.report.status, Status::Running);
        still && !self.between.moves() && self.saving.is_none() && self.snapshot().is_some()
    }

    /// Takes note of a frame that has been under way for more than a second; whether that is news.
    pub(crate) fn note_progress(&mut self, under_way: Option<Progress>) -> bool {
        let whole = |progress: Option<Progress>| progress.map(|progress| progress.seconds as u64);
        let before = whole(self.under_way);
        self.under_way = under_way.filter(|progress| progress.seconds >= 1.0);
        before != whole(self.under_way)
    }

    /// The title, and that it is no longer true to the letter.
    #[must_use]
    pub(crate) fn title(&self) -> String {
        let changed = if self.changed() { " (changed)" } else { "" };
        format!("{}{changed}", self.experiment.title)
    }

    /// What the system is called.
    #[must_use]
    pub(crate) fn system(&self) -> String {
        let dimension = self.experiment.tokens.dimension;
        if self.experiment.tokens.replay.is_some() {
            return "replay".into();
        }
        self.experiment.system.name(self.attention(), dimension)
    }

    /// D, as asked for or as it is.
    #[must_use]
    pub(crate) fn diffusion(&self) -> f64 {
        let now = self
            .snapshot()
            .map_or(self.experiment.noise.diffusion, |snapshot| {
                snapshot.diffusion
            });
        self.wishes.diffusion.unwrap_or(now)
    }

    /// The degree that grows fastest from uniformity now, and its rate; none when all decay.
    #[must_use]
    pub(crate) fn unstable(&self) -> Option<(usize, f64)> {
        let snapshot = self.snapshot()?;
        let best = (1..snapshot.growth.len())
            .max_by(|&a, &b| snapshot.growth[a].total_cmp(&snapshot.growth[b]))?;
        Some((best, snapshot.growth[best])).filter(|(_, rate)| rate.is_finite() && *rate > 0.0)
    }

    /// Whether only ASCII is to be used for dots.
    #[must_use]
    pub(crate) fn ascii(&self) -> bool {
        self.marker == Marker::Ascii
    }
}
