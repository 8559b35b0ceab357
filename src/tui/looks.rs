//! How things are looked at: what changes the picture and nothing of the run.

use super::action::{Action, Heading};
use super::changes::{self, Effect};
use super::layouts::{self, panels};
use super::model::{Message, Model};
use super::panels::together;
use super::projection::Camera;
use super::time_axis::TimeAxis;

/// How things are looked at.
// long: one arm an action
pub(super) fn looks(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Time => {
            let log = !model.log_time();
            model.log_time = Some(log);
            let note = if log {
                "time: logarithmic, without t = 0"
            } else {
                "time: linear"
            };
            model.message = Some(Message::Note(note.into()));
            Vec::new()
        }
        Action::Zoom(closer) => zoom(model, closer),
        Action::Turn(heading) => {
            let (east, north) = match heading {
                Heading::West => (-1.0, 0.0),
                Heading::East => (1.0, 0.0),
                Heading::North => (0.0, 1.0),
                Heading::South => (0.0, -1.0),
            };
            look(model, model.gaze.turned(east, north))
        }
        Action::FirstView => look(
            model,
            Camera {
                map: model.gaze.map,
                ..Camera::default()
            },
        ),
        Action::Picture => {
            model.gaze.map = !model.gaze.map;
            if !model.has_two_pictures() {
                model.message = Some(Message::Note(
                    "globe and map are for tokens on S² (d = 3), angles and products for a zonal density".into(),
                ));
            }
            Vec::new()
        }
        Action::Enlarge if model.page != 0 => changes::refuse(
            model,
            "e enlarges the panels of the page run; this page has the screen for itself",
        ),
        Action::Enlarge => {
            let next = model.enlarged.map_or(0, |which| which + 1);
            model.enlarged = Some(next).filter(|next| *next < panels(model).len());
            Vec::new()
        }
        Action::Together if model.page != 0 => changes::refuse(
            model,
            "o puts tokens and density on one picture of the page run",
        ),
        Action::Together if !together::possible(model) => changes::refuse(
            model,
            "one picture needs a density on the circle or on S² beside the tokens",
        ),
        Action::Together => {
            let one = layouts::one_picture(model, model.window.width);
            model.one = Some(!one);
            Vec::new()
        }
        Action::Ground => {
            let ground = model.theme.ground.next();
            let name = ground.name();
            model.theme.ground = ground;
            model.message = Some(Message::Note(format!("colours: {name}")));
            Vec::new()
        }
        Action::Markers => {
            model.marker = model.marker.next();
            model.message = Some(Message::Note(format!("markers: {}", model.marker.name())));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Turns the sphere, or says that there is none to be seen turning.
fn look(model: &mut Model, gaze: Camera) -> Vec<Effect> {
    model.gaze = gaze;
    if !model.has_sphere() {
        model.message = Some(Message::Note(
            "only the sphere S² can be turned: tokens with d = 3".into(),
        ));
    }
    Vec::new()
}

/// Most halvings: a thousandth of the run.
const CLOSEST: u32 = 10;

/// Shows half of the time around the frame on show, or twice as much.
fn zoom(model: &mut Model, closer: bool) -> Vec<Effect> {
    model.zoom = if closer {
        (model.zoom + 1).min(CLOSEST)
    } else {
        model.zoom.saturating_sub(1)
    };
    let axis = TimeAxis::of(model);
    let text = if model.zoom == 0 {
        "time: all of the run".to_owned()
    } else {
        let (from, to) = axis.ends();
        format!("time: {from} … {to}, around the frame on show (, and . move it, − zooms out)")
    };
    model.message = Some(Message::Note(text));
    Vec::new()
}
