//! Figures as people read them.

use charter_deploy_model::Unit;
use jiff::Timestamp;

/// `1 file`, `12,345 files`; the sort is given in the plural.
pub(crate) fn count(number: u64, sort: &str) -> String {
    let sort = match number {
        1 => singular(sort),
        _ => sort.to_owned(),
    };
    format!("{} {sort}", grouped(number))
}

fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let after_a_hiss = ["ches", "shes", "sses", "xes"].iter().any(|ending| plural.ends_with(ending));
    plural.strip_suffix(if after_a_hiss { "es" } else { "s" }).unwrap_or(plural).to_owned()
}

/// `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `812 B`, `41.2 kB`, `1.50 MB`: decimal units, three significant digits.
pub(crate) fn bytes(number: u64) -> String {
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64;
    let mut unit = "B";
    for larger in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        // What would be rounded to 1000 belongs to the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let decimals = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.decimals$} {unit}")
}

/// `0.42 s`, `12.4 s`, `2 min 05 s`, `1 h 02 min`; what rounds to nothing is `<0.01 s`, since it did take time.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds as f64 / 1000.0;
    match milliseconds {
        0..5 => "<0.01 s".to_owned(),
        5..9_995 => format!("{seconds:.2} s"),
        9_995..59_950 => format!("{seconds:.1} s"),
        59_950..3_599_500 => {
            let whole = (milliseconds + 500) / 1000;
            format!("{} min {:02} s", whole / 60, whole % 60)
        }
        _ => {
            let whole = (milliseconds + 30_000) / 60_000;
            format!("{} h {:02} min", grouped(whole / 60), whole % 60)
        }
    }
}

/// `2026-11-21 02:07:11 UTC`.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A measured figure with its unit.
pub(crate) fn measured(value: f64, unit: Unit) -> String {
    let whole = value >= 0.0 && value <= u64::MAX as f64 && value.fract() == 0.0;
    match unit {
        Unit::Bytes if value >= 0.0 => bytes(value.round() as u64),
        Unit::Milliseconds if value >= 0.0 => duration(value.round() as u64),
        Unit::Count if whole => grouped(value as u64),
        Unit::Score => format!("{} / 100", score(value)),
        Unit::Bytes => format!("{value} B"),
        Unit::Milliseconds => format!("{value} ms"),
        Unit::Count | Unit::Ratio => value.to_string(),
    }
}

/// `96`, `96.5`; never rounded up to a full score.
pub(crate) fn score(value: f64) -> String {
    let tenths = (value * 10.0).floor() / 10.0;
    if tenths.fract() == 0.0 { format!("{tenths:.0}") } else { format!("{tenths:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_significant_digits() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (9_994, "9.99 kB"),
            (9_996, "10.0 kB"),
            (41_234, "41.2 kB"),
            (99_960, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (782_000_000, "782 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn durations_grow_coarser_as_they_grow() {
        for (milliseconds, text) in [
            (0, "<0.01 s"),
            (4, "<0.01 s"),
            (5, "0.01 s"),
            (420, "0.42 s"),
            (9_994, "9.99 s"),
            (9_995, "10.0 s"),
            (59_949, "59.9 s"),
            (59_950, "1 min 00 s"),
            (125_000, "2 min 05 s"),
            (3_599_500, "1 h 00 min"),
            (3_720_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(count(1, "pages"), "1 page");
        assert_eq!(count(1, "entries"), "1 entry");
        assert_eq!(count(1, "addresses"), "1 address");
        assert_eq!(count(0, "pages"), "0 pages");
        assert_eq!(count(1_234_567, "files"), "1,234,567 files");
    }

    #[test]
    fn a_score_short_of_full_is_not_rounded_up() {
        assert_eq!(score(99.99), "99.9");
        assert_eq!(score(100.0), "100");
        assert_eq!(measured(96.0, Unit::Score), "96 / 100");
    }

    #[test]
    fn an_odd_figure_is_shown_as_it_is() {
        assert_eq!(measured(-3.0, Unit::Bytes), "-3 B");
        assert_eq!(measured(1.5, Unit::Count), "1.5");
        assert_eq!(measured(f64::NAN, Unit::Count), "NaN");
    }
}
