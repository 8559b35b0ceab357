//! What was asked for on the command line, and the clock.

use std::cell::{OnceCell, RefCell};
use std::time::Instant;

use serde_json::Value;

use metastable::machine::limits::Limits;
use metastable::machine::testing::on_threads;

use super::against;
use super::bound::Work;
use super::readme;

/// Measurements are taken for about this long, and the sizes of a growth each.
const BUDGET: f64 = 0.4;

/// What is measured, and what has been.
pub(crate) struct Plan {
    pub full: bool,
    only: Vec<String>,
    against: Option<String>,
    /// Whether the README's table is written.
    readme: bool,
    limits: OnceCell<Limits>,
    lines: RefCell<Vec<Value>>,
}

/// Times that one and two threads take turns.
const TURNS: usize = 3;

impl Plan {
    pub(crate) fn read() -> Self {
        let mut words: Vec<String> = (std::env::args().skip(1))
            .filter(|word| word != "--bench")
            .collect();
        let against = words.iter().position(|w| w == "--against").map(|at| {
            words.remove(at);
            words.remove(at)
        });
        Self {
            full: words.iter().any(|w| w == "--full"),
            readme: words.iter().any(|w| w == "--readme"),
            only: words.into_iter().filter(|w| !w.starts_with("--")).collect(),
            against,
            limits: OnceCell::new(),
            lines: RefCell::default(),
        }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word.as_str()))
    }

    /// Median and least time of a call, printed with its sizes; the least time where there is one.
    pub(crate) fn measure(
        &self,
        bench: &str,
        name: &str,
        sizes: &str,
        call: impl FnMut(),
    ) -> Option<f64> {
        self.bounded(bench, name, sizes, None, call)
    }

    /// The same, beside the least that such work takes on this machine.
    pub(crate) fn bounded(
        &self,
        bench: &str,
        name: &str,
        sizes: &str,
        work: Option<Work>,
        call: impl FnMut(),
    ) -> Option<f64> {
        if !self.wants(&format!("{bench} {name}")) || (name.ends_with("slow") && !self.full) {
            return None;
        }
        let (median, least, reps) = clock(call);
        let threads = rayon::current_num_threads();
        let bound = work.map_or_else(String::new, |work| {
            let limits = *self.limits.get_or_init(Limits::measure);
            let bound = work.least(limits, threads);
            format!(",\"bound_s\":{bound:e},\"of_bound\":{:.3}", median / bound)
        });
        self.print(&format!(
            "{{\"bench\":\"{bench}\",\"impl\":\"metastable_{name}\",\"threads\":{threads},\"median_s\":{median:e},\
             \"min_s\":{least:e},\"reps\":{reps},{sizes}{bound}}}"
        ));
        Some(least)
    }

    /// The exponent p of cost ∝ size^p by least squares over `sizes`.
    pub(crate) fn growth(
        &self,
        name: &str,
        expected: f64,
        sizes: &[usize],
        make: &(dyn Fn(usize) -> Box<dyn FnMut()> + Sync),
    ) {
        if !self.wants(&format!("growth {name}")) {
            return;
        }
        // on one thread: what a second one brings grows with the size
        let least = |size: usize| clock(make(size)).1.ln();
        let points: Vec<(f64, f64)> = on_threads(1, || {
            (sizes.iter())
                .map(|size| ((*size as f64).ln(), least(*size)))
                .collect()
        });
        let n = points.len() as f64;
        let (x, y) = (points.iter()).fold((0.0, 0.0), |s, p| (s.0 + p.0 / n, s.1 + p.1 / n));
        let (above, below) = (points.iter()).fold((0.0, 0.0), |s, p| {
            (s.0 + (p.0 - x) * (p.1 - y), s.1 + (p.0 - x) * (p.0 - x))
        });
        let exponent = above / below;
        self.print(&format!(
            "{{\"bench\":\"growth\",\"impl\":\"metastable_{name}\",\"sizes\":{sizes:?},\"exponent\":{exponent:.3},\
             \"expected\":{expected}}}"
        ));
    }

    /// The time on one thread over that on two.
    pub(crate) fn threads<'a>(
        &self,
        name: &str,
        mut make: impl FnMut() -> Box<dyn FnMut() + Send + 'a> + Send,
    ) {
        if !self.wants(&format!("threads {name}")) {
            return;
        }
        let mut with = |threads: usize| on_threads(threads, || clock(make()).1);
        // the least of several, in turns: another's work on either core is not to be counted
        let (mut one, mut two) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..TURNS {
            (one, two) = (one.min(with(1)), two.min(with(2)));
        }
        self.print(&format!(
            "{{\"bench\":\"threads\",\"impl\":\"metastable_{name}\",\"one_s\":{one:e},\"two_s\":{two:e},\
             \"speedup\":{:.3}}}",
            one / two
        ));
    }

    pub(crate) fn print(&self, line: &str) {
        println!("{line}");
        self.lines
            .borrow_mut()
            .push(serde_json::from_str(line).unwrap());
    }

    /// The ratios to another file of measurements, if one was given.
    pub(crate) fn compare(&self) {
        if let Some(file) = &self.against {
            against::compare(&self.lines.borrow(), file);
            if self.readme {
                readme::write(&self.lines.borrow(), file);
            }
        }
    }
}

/// Median and least time of a call, and how many there were: at least three samples of at least 2 ms.
pub(crate) fn clock(mut call: impl FnMut()) -> (f64, f64, usize) {
    call();
    let once = {
        let clock = Instant::now();
        call();
        clock.elapsed().as_secs_f64()
    };
    let inner = (2e-3 / once.max(1e-9)).ceil().max(1.0) as usize;
    let (clock, mut samples) = (Instant::now(), Vec::new());
    while samples.len() < 3 || (clock.elapsed().as_secs_f64() < BUDGET && samples.len() < 200) {
        let start = Instant::now();
        (0..inner).for_each(|_| call());
        samples.push(start.elapsed().as_secs_f64() / inner as f64);
    }
    samples.sort_by(f64::total_cmp);
    (
        samples[samples.len() / 2],
        samples[0],
        samples.len() * inner,
    )
}
