// SPDX-License-Identifier: Apache-2.0
//! Times as people and programs read them: UTC, ISO 8601.
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, ms since the Unix epoch.
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// `2025-11-21T09:30:00Z`.
pub fn utc(ms: i64) -> String {
    let (date, seconds) = split(ms);
    format!("{date}T{}Z", clock(seconds))
}

/// `2025-11-21 09:30:00.123`, for a column whose head says UTC.
pub fn utc_column(ms: i64) -> String {
    let (date, seconds) = split(ms);
    format!("{date} {}.{:03}", clock(seconds), ms.rem_euclid(1000))
}

/// The last day that `day` reads.
pub const LAST_DAY: &str = "9999-12-31";

/// `2025-11-21` as days since 1970-01-01; nothing if there is no such day since then.
pub fn day(text: &str) -> Option<i32> {
    const DAYS_OF_1970_TO_9999: i32 = 2_932_897;
    // Texts of one form sort as their days do.
    let (mut low, mut high) = (0, DAYS_OF_1970_TO_9999);
    while low < high {
        let middle = low + (high - low) / 2;
        match day_text(middle).as_str() < text {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    (low < DAYS_OF_1970_TO_9999 && day_text(low) == text).then_some(low)
}

/// A day as `day` reads it.
pub fn day_text(days: i32) -> String {
    let (year, month, day) = civil(days.into());
    format!("{year:04}-{month:02}-{day:02}")
}

fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn split(ms: i64) -> (String, i64) {
    let seconds = ms.div_euclid(1000);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    (format!("{year:04}-{month:02}-{day:02}"), seconds.rem_euclid(86_400))
}

/// Day of the proleptic Gregorian calendar, from days since 1970-01-01. Years begin in March, so that the
/// leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants_read_as_date_would_print_them() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_709_251_199_999), "2024-02-29T23:59:59Z");
        assert_eq!(utc(4_102_444_800_000), "2100-01-01T00:00:00Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
        assert_eq!(utc_column(1_763_717_400_042), "2025-11-21 09:30:00.042");
    }

    #[test]
    fn a_day_is_read_as_it_is_written_and_no_other_is_one() {
        for days in [0, 1, 58, 59, 11_016, 20_413, 47_846] {
            assert_eq!(day(&day_text(days)), Some(days));
        }
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day_text(day(LAST_DAY).unwrap() + 1), "10000-01-01");
        for no in ["", "2026-02-29", "1969-12-31", "2026-1-01", "2026-01-01 ", "x", "10000-01-01"] {
            assert_eq!(day(no), None, "{no}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut last = civil(-1);
        for day in 0..146_097 {
            let next = civil(day);
            let same_month = next.0 == last.0 && next.1 == last.1 && next.2 == last.2 + 1;
            let next_month = next.2 == 1
                && (28..=31).contains(&last.2)
                && (next.0 * 12 + next.1) == (last.0 * 12 + last.1) + 1;
            assert!(same_month || next_month, "{last:?} then {next:?}");
            last = next;
        }
    }
}
