//! Numbers as the screen writes them: about four significant digits in little room.

/// A value in at most eight characters.
#[must_use]
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".into()
    } else if size == 0.0 {
        "0".into()
    } else if !(1e-3..1e5).contains(&size) {
        format!("{value:.1e}")
    } else if size >= 1000.0 {
        format!("{value:.0}")
    } else if size >= 100.0 {
        format!("{value:.1}")
    } else if size >= 10.0 {
        format!("{value:.2}")
    } else if size >= 0.1 {
        format!("{value:.3}")
    } else {
        format!("{value:.4}")
    }
}

/// A label at an axis or a parameter: no zeros that say nothing.
#[must_use]
pub(crate) fn tidy(value: f64) -> String {
    let text = short(value);
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
        None => trimmed(&text).to_string(),
    }
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// The smallest of 1, 1.5, 2, 3, 5, 7 times a power of ten that is at least `value` > 0.
#[must_use]
pub(crate) fn ceiling(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    for step in [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0] {
        if step * power >= value * (1.0 - 1e-12) {
            return step * power;
        }
    }
    10.0 * power
}

/// The nearest of 1, 2, 5 times a power of ten.
#[must_use]
pub(crate) fn round(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let mantissa = value / power;
    power
        * if mantissa < 1.5 {
            1.0
        } else if mantissa < 3.5 {
            2.0
        } else if mantissa < 7.5 {
            5.0
        } else {
            10.0
        }
}

/// Rounded to this many significant digits.
#[must_use]
pub(crate) fn significant(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // through decimal text, so that 9.9 is the 9.9 that is written in a file
    format!("{value:.*e}", (digits - 1).max(0) as usize)
        .parse()
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_tidy() {
        assert_eq!(short(812.44), "812.4");
        assert_eq!(short(0.031_234), "0.0312");
        assert_eq!(short(f64::NAN), "–");
        assert_eq!(short(1.25e-13), "1.2e-13");
        assert_eq!(tidy(30.0), "30");
        assert_eq!(tidy(1e-6), "1e-6");
        assert_eq!(ceiling(41.2), 50.0);
        assert_eq!(ceiling(1.0), 1.0);
        assert_eq!(round(0.96), 1.0);
        assert_eq!(significant(9.9000001, 2), 9.9);
    }
}
