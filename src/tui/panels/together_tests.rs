//! The one picture of tokens and density shows the mass of both, whatever the size, and says whose it is.

use super::*;
use crate::experiment::presets;
use crate::run::Session;
use crate::run::worker::{Report, Status};
use crate::tui::canvas::Marker;
use crate::tui::theme::{Depth, Theme};

fn model(name: &str, frames: usize, depth: Depth) -> Model {
    let experiment = presets::load(name).unwrap();
    let mut session = Session::new(experiment.clone());
    for _ in 0..frames {
        session.advance(&|| false).unwrap();
    }
    let mut model = Model::new(experiment, Vec::new(), Theme::of(depth), Marker::Braille);
    model.receive(Report {
        number: 1,
        snapshot: Some(std::sync::Arc::new(session.snapshot())),
        status: Status::Running,
        ..Report::before_the_first(1.0)
    });
    model
}

fn drawn(model: &Model, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(model, &mut buffer, area);
    buffer
}

fn text(buffer: &Buffer) -> String {
    buffer
        .content
        .iter()
        .map(ratatui::buffer::Cell::symbol)
        .collect()
}

#[test]
fn every_cluster_is_named_with_its_mass_on_both_sides() {
    let model = model("metastable", 60, Depth::Truecolor);
    let snapshot = model.snapshot().unwrap();
    let all = text(&drawn(&model, 100, 40));
    for (cluster, slot) in snapshot.tokens.clusters.iter().zip(model.slots()) {
        let glyph = model.theme.glyph(Some(*slot), false);
        let (density, _) = drawable(snapshot).unwrap();
        let beside = crate::tui::panels::parameters::nearest(cluster, &density.clusters)
            .map(|j| density.clusters[j].mass);
        let beside = beside.map_or(String::new(), |mass| format!(" ρ {:.0} %", 100.0 * mass));
        let name = format!("{glyph} {:.0} %{beside}", 100.0 * cluster.mass);
        assert!(all.contains(&name), "{name}: {all}");
    }
}

#[test]
fn where_the_density_is_largest_the_ring_is_brightest_at_every_size() {
    for name in ["metastable", "hemisphere", "five-tokens", "kuramoto"] {
        let model = model(name, 50, Depth::Truecolor);
        let (density, _) = drawable(model.snapshot().unwrap()).unwrap();
        let values = density.picture.values();
        let best = (0..values.len())
            .max_by(|a, b| values[*a].total_cmp(&values[*b]))
            .unwrap();
        let angle = std::f64::consts::TAU * best as f64 / values.len() as f64;
        for (width, height) in [(24, 10), (36, 14), (42, 20), (80, 40), (100, 30), (60, 60)] {
            let buffer = drawn(&model, width, height);
            let inner = Rect::new(0, 1, width, height - 1);
            let ring = Ring::new(values, inner);
            let level = model.theme.level(share(values[best], ring.top));
            let brightest = (0..20).map(|step| {
                let radius = EDGE + (1.0 - EDGE) * f64::from(step) / 20.0;
                let (column, row) = ring.disc.at(radius * angle.cos(), radius * angle.sin());
                let cell = &buffer[(column as u16, inner.y + row as u16)];
                [cell.fg, cell.bg]
                    .map(|c| model.theme.level_of(c).unwrap_or(0))
                    .into_iter()
                    .max()
            });
            // an edge pixel is half covered: of the full level within one step of colour
            let brightest = brightest.max().flatten().unwrap();
            assert!(
                brightest + 1 >= level,
                "{name} {width}×{height}: {brightest} of {level}"
            );
        }
    }
}

#[test]
fn a_run_without_such_a_density_has_no_such_picture() {
    for (name, wanted) in [
        ("metastable", true),
        ("sphere-pair", true),
        ("zonal-8", false),
        ("gaussian-origin", false),
    ] {
        assert_eq!(possible(&model(name, 1, Depth::None)), wanted, "{name}");
    }
}

#[test]
fn where_the_linear_theory_has_clusters_form_the_density_has_its_first_maxima() {
    let experiment = presets::load("metastable").unwrap();
    let mut session = Session::new(experiment);
    let mut best = f64::INFINITY;
    for _ in 0..40 {
        session.advance(&|| false).unwrap();
        let snapshot = session.snapshot();
        let values = snapshot.resolved().unwrap().picture.values().to_vec();
        let count = values.len();
        let maxima: Vec<f64> = (0..count)
            .filter(|j| {
                values[*j] > values[(j + count - 1) % count]
                    && values[*j] >= values[(j + 1) % count]
            })
            .map(|j| std::f64::consts::TAU * j as f64 / count as f64)
            .collect();
        let away = |angle: f64| {
            let gaps = maxima.iter().map(|other| {
                let turn = (angle - other).rem_euclid(std::f64::consts::TAU);
                turn.min(std::f64::consts::TAU - turn)
            });
            gaps.fold(f64::INFINITY, f64::min)
        };
        let places = predicted(&snapshot);
        assert!(places.len() > 3);
        best = best.min(places.into_iter().map(away).fold(0.0, f64::max));
    }
    assert!(best < 0.1, "{best} radians at the best frame");
}

#[test]
fn where_there_is_room_beside_the_globe_every_cluster_is_named_once() {
    for name in ["sphere-metastable", "three-heads", "sphere-degree-3"] {
        let mut model = model(name, 20, Depth::Truecolor);
        if drawable(model.snapshot().unwrap()).is_none() {
            continue;
        }
        for turn in 0..4 {
            model.gaze = model.gaze.turned(f64::from(turn) * 3.0, 0.0);
            let clusters = &model.snapshot().unwrap().tokens.clusters;
            let named = clusters
                .iter()
                .filter(|c| c.mass >= names::LIGHTEST)
                .count();
            let all = text(&drawn(&model, 140, 40));
            // the tokens' shares are those that do not follow a ρ
            let shares = all.matches(" %").count();
            let densities = all.matches(" % ρ ").count();
            assert_eq!(shares - densities, named, "{name} {turn}: {all}");
        }
    }
}
