//! Reading `[time]`: frames and their spacing, the scheme and its step; the frames of a replay are its layers.

use crate::experiment::document::InputError;
use crate::experiment::replay::Replay;
use crate::experiment::section::Section;
use crate::experiment::time::{Scheme, Spacing, TimeSpec};

/// The frames of a replay are its layers.
pub(super) fn replay_time(section: &Section, replay: &Replay) -> Result<TimeSpec, InputError> {
    let frames = replay.layers;
    let end = (frames - 1) as f64;
    for (key, said) in [
        ("end", section.number_within("end", 0.0..=f64::MAX)?),
        ("frames", section.whole("frames")?.map(|f| f as f64 - 1.0)),
    ] {
        if said.is_some_and(|said| said != end) {
            let message = format!("{} has {frames} layers", replay.path);
            let remedy = Some(format!(
                "leave `{key}` out: frames are the layers 0 … {end}"
            ));
            return Err(section
                .place_of(key)
                .error(&section.key(key), message, remedy));
        }
    }
    // a run that was written says how others step
    let layered = section
        .text("scheme")?
        .is_some_and(|scheme| scheme != "adaptive");
    for (key, said) in [
        ("spacing", section.get("spacing").is_some()),
        ("first", section.get("first").is_some()),
        ("step", section.get("step").is_some()),
        ("residual", section.get("residual").is_some()),
        ("scheme", layered),
    ] {
        if said {
            let message = "the frames of a replay are its layers";
            let remedy = Some("leave it out".into());
            return Err(section
                .place_of(key)
                .error(&section.key(key), message, remedy));
        }
    }
    Ok(TimeSpec {
        end,
        frames,
        spacing: Spacing::Linear,
        first: None,
        last_frame: section.whole_within("last_frame", 0..=frames as i64 - 1)?,
        tolerance: section.number("tolerance")?.unwrap_or(1e-9),
        scheme: Scheme::Adaptive,
        step: None,
        residual: true,
    })
}

// long: one key after another
pub(super) fn time(section: &Section) -> Result<TimeSpec, InputError> {
    let Some(end) = section.number("end")? else {
        return section.missing("end", "30.0");
    };
    let frames = section.whole("frames")?.unwrap_or(301);
    let last_frame = section.whole("last_frame")?;
    let (spacing, first) = spacing(section, end, frames)?;
    let tolerance = section.number("tolerance")?.unwrap_or(1e-9);
    let schemes = [("adaptive", Scheme::Adaptive), ("layer", Scheme::Layer)];
    let scheme = section
        .choice("scheme", &schemes)?
        .unwrap_or(Scheme::Adaptive);
    let step = section.number("step")?;
    let step = match (scheme, step) {
        (Scheme::Layer, given) => Some(given.unwrap_or(0.1)),
        (Scheme::Adaptive, None) => None,
        (Scheme::Adaptive, Some(_)) => {
            let remedy =
                Some("set scheme = \"layer\", or leave `step` out and set `tolerance`".into());
            let message = "the adaptive scheme chooses its steps itself";
            return Err(section
                .place_of("step")
                .error(&section.key("step"), message, remedy));
        }
    };
    let residual = section.flag("residual")?;
    if residual.is_some() && scheme == Scheme::Adaptive {
        return Err(section.place_of("residual").error(
            &section.key("residual"),
            "only discrete layers can do without the residual stream",
            Some("set scheme = \"layer\", or leave `residual` out".into()),
        ));
    }
    let residual = residual.unwrap_or(true);
    if let (Scheme::Layer, Spacing::Log) = (scheme, spacing) {
        return Err(section.place_of("spacing").error(
            &section.key("spacing"),
            "frames of the layer scheme lie on whole layers",
            Some("leave `spacing` out, or use scheme = \"adaptive\"".into()),
        ));
    }
    if let Some(step) = step {
        whole_layers(section, (end, frames), step)?;
    }
    let time = TimeSpec {
        end,
        frames,
        spacing,
        first,
        last_frame,
        tolerance,
        scheme,
        step,
        residual,
    };
    if !time.last().is_finite() {
        return Err(section.place_of("last_frame").error(
            &section.key("last_frame"),
            "the time of this frame is beyond the largest number",
            Some("make it smaller".into()),
        ));
    }
    Ok(time)
}

/// Frames of the layer scheme lie on whole layers.
fn whole_layers(
    section: &Section,
    (end, frames): (f64, usize),
    step: f64,
) -> Result<(), InputError> {
    let layers = end / (frames - 1) as f64 / step;
    if layers < 0.5 || (layers - layers.round()).abs() > 1e-9 * layers {
        let total = (end / step).round().max(1.0);
        let remedy = Some(format!(
            "frames lie on whole layers: try end = {} with frames = {}",
            (total * step * 1e12).round() / 1e12,
            total + 1.0
        ));
        let message = format!("{layers:.4} layers of {step} between two frames");
        return Err(section
            .place_of("step")
            .error(&section.key("step"), message, remedy));
    }
    Ok(())
}

/// Default time of the first frame of a logarithmic spacing: before anything has moved in (SA).
const FIRST: f64 = 0.1;

fn spacing(
    section: &Section,
    end: f64,
    frames: usize,
) -> Result<(Spacing, Option<f64>), InputError> {
    let names = [("linear", Spacing::Linear), ("log", Spacing::Log)];
    let spacing = section
        .choice("spacing", &names)?
        .unwrap_or(Spacing::Linear);
    let first = section.number("first")?;
    let wrong = |key: &str, message: String, remedy: &str| {
        Err(section
            .place_of(key)
            .error(&section.key(key), message, Some(remedy.to_owned())))
    };
    match (spacing, first) {
        (Spacing::Linear, None) => Ok((spacing, None)),
        (Spacing::Linear, Some(_)) => wrong(
            "first",
            "the first frame of a linear spacing is one spacing after 0".into(),
            "set spacing = \"log\", or leave `first` out",
        ),
        (Spacing::Log, _) if frames < 3 => wrong(
            "frames",
            format!("{frames} frames cannot be spaced logarithmically"),
            "ask for 3 at least: t = 0, `first` and `end`",
        ),
        (Spacing::Log, first) => {
            let first = first.unwrap_or(FIRST);
            if first < end {
                return Ok((spacing, Some(first)));
            }
            let message = format!("the first frame, at {first}, is not before the end, {end}");
            wrong("first", message, "set `first` to a time well before `end`")
        }
    }
}
