//! Tests of [`theme`](super).

use super::*;

fn found(choice: ColorChoice, pairs: &[(&str, &str)]) -> Depth {
    Depth::detect(choice, |name| {
        pairs
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_string())
    })
}

#[test]
fn the_ladder_of_colours_is_found_from_the_environment() {
    use ColorChoice::{Auto, Truecolor};
    assert_eq!(found(Auto, &[("TERM", "xterm-256color")]), Depth::Ansi256);
    assert_eq!(
        found(
            Auto,
            &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]
        ),
        Depth::Truecolor
    );
    assert_eq!(found(Auto, &[("TERM", "linux")]), Depth::Ansi16);
    assert_eq!(found(Auto, &[("TERM", "dumb")]), Depth::None);
    assert_eq!(
        found(Auto, &[("TERM", "xterm-256color"), ("NO_COLOR", "1")]),
        Depth::None
    );
    assert_eq!(
        found(Auto, &[("TERM", "xterm-256color"), ("NO_COLOR", "")]),
        Depth::Ansi256
    );
    assert_eq!(found(Truecolor, &[("NO_COLOR", "1")]), Depth::Truecolor);
}

#[test]
fn without_colours_no_colour_is_ever_used() {
    let theme = Theme::of(Depth::None);
    let styles = [
        theme.tokens(),
        theme.field(),
        theme.theory(),
        theme.dim(),
        theme.key(),
        theme.failure(),
    ];
    for style in styles
        .into_iter()
        .chain((0..8).map(|slot| theme.cluster(Some(slot))))
    {
        assert!(matches!(style.fg, None | Some(Color::Reset)) && style.bg.is_none());
    }
}

fn channels(colour: Color) -> [f64; 3] {
    let cube = |i: u8| {
        if i == 0 {
            0.0
        } else {
            55.0 + 40.0 * f64::from(i)
        }
    };
    match colour {
        Color::Rgb(r, g, b) => [r, g, b].map(f64::from),
        Color::Indexed(i @ 16..=231) => [(i - 16) / 36, (i - 16) / 6 % 6, (i - 16) % 6].map(cube),
        Color::Indexed(i) => [8.0 + 10.0 * f64::from(i - 232); 3],
        other => panic!("{other}"),
    }
}

/// Relative luminance (WCAG 2, 1.4.3).
fn luminance(colour: Color) -> f64 {
    let linear = channels(colour).map(|c| {
        let c = c / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// Every theme with many colours.
fn themes() -> impl Iterator<Item = Theme> {
    let grounds = [Ground::Dark, Ground::Light, Ground::Contrast];
    (grounds.into_iter()).flat_map(|ground| {
        [Depth::Truecolor, Depth::Ansi256].map(|depth| Theme {
            depth,
            ground,
            whole: false,
        })
    })
}

#[test]
fn texts_and_graphics_stand_out_from_their_ground() {
    for theme in themes() {
        let ground = if theme.ground == Ground::Light {
            1.0
        } else {
            0.0
        };
        let contrast = |style: Style| {
            let light = luminance(style.fg.unwrap());
            (light.max(ground) + 0.05) / (light.min(ground) + 0.05)
        };
        let least = if theme.ground == Ground::Contrast {
            7.0
        } else {
            4.5
        };
        for style in [theme.dim(), theme.key(), theme.warning(), theme.failure()] {
            assert!(
                contrast(style) >= least,
                "{theme:?} {style:?}: {}",
                contrast(style)
            );
        }
        let sides = [theme.tokens(), theme.field(), theme.theory(), theme.faint()];
        let lines = (0..=10).map(|k| theme.magnitude_line(f64::from(k) / 10.0));
        let clusters = (0..8).map(|slot| theme.cluster(Some(slot)));
        let quantities = (0..2).map(|k| theme.quantity(k));
        for style in sides
            .into_iter()
            .chain(lines)
            .chain(clusters)
            .chain(quantities)
        {
            assert!(
                contrast(style) >= 3.0,
                "{theme:?} {style:?}: {}",
                contrast(style)
            );
        }
    }
}

#[test]
fn the_lightness_of_magnitudes_changes_evenly_from_the_ground_on() {
    for theme in themes() {
        let mut levels: Vec<f64> = (0..LEVELS).map(|l| luminance(theme.magnitude(l))).collect();
        if theme.ground == Ground::Light {
            assert!(levels[0] > 0.99);
            levels.reverse();
        } else {
            assert!(levels[0] < 0.001);
        }
        assert!(levels[0] < 0.01 && levels[LEVELS - 1] > 0.7);
        for pair in levels.windows(2) {
            // in the cube two neighbours may differ in hue more than in lightness
            assert!(pair[1] > 0.97 * pair[0], "{theme:?}: {levels:?}");
        }
        for level in 0..LEVELS {
            assert_eq!(theme.level_of(theme.magnitude(level)), Some(level));
        }
    }
}

#[test]
fn the_colours_of_the_two_sides_belong_to_no_cluster_and_no_other_curve() {
    let far = |a: Color, b: Color| {
        let (a, b) = (channels(a), channels(b));
        a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum::<f64>() > 90.0
    };
    for theme in themes().filter(|theme| theme.depth == Depth::Truecolor) {
        for side in [theme.tokens(), theme.field()] {
            let others = (0..8)
                .map(|slot| theme.cluster(Some(slot)))
                .chain((0..2).map(|k| theme.quantity(k)));
            for other in others {
                assert!(
                    far(side.fg.unwrap(), other.fg.unwrap()),
                    "{theme:?} {side:?} {other:?}"
                );
            }
        }
    }
}

#[test]
fn indexed_colours_are_near() {
    assert_eq!(
        (
            nearest((0, 0, 0)),
            nearest((255, 255, 255)),
            nearest((128, 128, 128))
        ),
        (16, 231, 244)
    );
}
