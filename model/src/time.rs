//! Points in time: milliseconds in memory, RFC 3339 UTC in JSON.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

/// A point in time with millisecond precision, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = DateTime))]
pub struct Timestamp(i64);

impl Timestamp {
    /// Creates a timestamp from milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Parses RFC 3339, as Kubernetes and GitHub write it.
    ///
    /// # Errors
    /// When the text is not RFC 3339.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        read(text.as_bytes()).map(Self).ok_or(NotATime)
    }

    /// Returns the time from `earlier` to `self`; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// The error for a text that is not RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time must look like 2026-11-22T14:50:28Z")]
pub struct NotATime;

const DAY: i64 = 86_400_000;

/// Parses RFC 3339 to milliseconds since 1970. A library would add 9 kB to what the browser loads.
fn read(text: &[u8]) -> Option<i64> {
    let number = |from: usize, count: usize| {
        let digits = text.get(from..from + count)?;
        digits.iter().try_fold(0, |sum, digit| {
            let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
            Some(sum * 10 + digit)
        })
    };
    let is = |at: usize, desired: &[u8]| text.get(at).is_some_and(|byte| desired.contains(byte));
    let marked = is(4, b"-") && is(7, b"-") && is(10, b"Tt") && is(13, b":") && is(16, b":");
    let date = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let days = days_of(date);
    // A day that is none comes back as another one.
    if !marked || date_of(days) != date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut at = 19;
    let mut millis = 0;
    if is(at, b".") {
        number(at + 1, 1)?;
        for weight in [100, 10, 1] {
            millis += number(at + 1, 1).map_or(0, |digit| digit * weight);
            at += usize::from(text.get(at + 1).is_some_and(u8::is_ascii_digit));
        }
        while text.get(at + 1).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at += 1;
    }
    let east = match text.get(at)? {
        b'Z' | b'z' if text.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if text.len() == at + 6 && is(at + 3, b":") => {
            let (hours, minutes) = (number(at + 1, 2)?, number(at + 4, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    Some(days * DAY + ((hour * 60 + minute - east) * 60 + second) * 1_000 + millis)
}

/// Returns the days since 1970-01-01 of a Gregorian date, counted in years that begin in March, so that the
/// leap day is the last day.
fn days_of((year, month, day): (i64, i64, i64)) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Returns the year, month and day of a number of days since 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// Formats `at` as `12:03 UTC`, with the day where that is not today.
#[must_use]
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let (text, today) = (at.to_string(), now.to_string());
    let (day, hour) = (text.get(..10), text.get(11..16).unwrap_or_default());
    match day {
        Some(day) if today.get(..10) != Some(day) => format!("{day} {hour} UTC"),
        _ => format!("{hour} UTC"),
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(value: OffsetDateTime) -> Self {
        Self(i64::try_from(value.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for OffsetDateTime {
    fn from(value: Timestamp) -> Self {
        Self::from_unix_timestamp_nanos(i128::from(value.0) * 1_000_000).unwrap_or(Self::UNIX_EPOCH)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0.div_euclid(DAY));
        let seconds = self.0.rem_euclid(DAY) / 1_000;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match self.0.rem_euclid(1_000) {
            0 => f.write_str("Z"),
            millis if millis % 100 == 0 => write!(f, ".{}Z", millis / 100),
            millis if millis % 10 == 0 => write!(f, ".{:02}Z", millis / 10),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Formats a duration as `2 s`, `42 min`, `2 h 10 min` or `3 d`.
#[must_use]
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) if minutes % 60 == 0 => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ if hours % 24 == 0 || days > 6 => format!("{days} d"),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::format_description::well_known::Rfc3339;

    proptest! {
        #[test]
        fn every_time_is_written_as_the_library_writes_it_and_comes_back(
            millis in -62_135_596_800_000_i64..253_402_300_800_000
        ) {
            let at = Timestamp::from_millis(millis);
            let text = OffsetDateTime::from(at).format(&Rfc3339).unwrap();
            prop_assert_eq!(at.to_string(), text.clone());
            prop_assert_eq!(Timestamp::parse(&text), Ok(at));
        }

        #[test]
        fn what_is_read_is_what_the_library_reads(
            text in "(19[789][0-9]|[2-9][0-9]{3})-(0[0-9]|1[0-3])-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])"
        ) {
            let library = OffsetDateTime::parse(&text, &Rfc3339).ok().map(Timestamp::from);
            prop_assert_eq!(Timestamp::parse(&text).ok(), library);
        }

        #[test]
        fn no_text_breaks_the_reading(text in ".{0,40}") {
            let _ = Timestamp::parse(&text);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T14:50:28",
            "2026-11-22T14:50:28Zulu",
            "2026-11-22T14:50:28.Z",
            "2026-02-29T14:50:28Z",
            "2026-11-22 14:50:28Z",
            "2026-11-22T14:50:28+0100",
        ] {
            assert_eq!(Timestamp::parse(text), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn a_timestamp_survives_the_wire() {
        let at = Timestamp::parse("2026-11-22T14:50:28.125Z").unwrap();
        assert_eq!(at.to_string(), "2026-11-22T14:50:28.125Z");
        assert_eq!(
            serde_json::from_str::<Timestamp>(&serde_json::to_string(&at).unwrap()).unwrap(),
            at
        );
    }

    #[test]
    fn an_offset_is_brought_to_utc() {
        let at = Timestamp::parse("2026-11-22T15:50:28+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-22T14:50:28Z");
    }

    #[test]
    fn durations_are_told_in_words() {
        for (seconds, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (2520, "42 min"),
            (3600, "1 h"),
            (7800, "2 h 10 min"),
            (86_400, "1 d"),
            (97_200, "1 d 3 h"),
            (864_000, "10 d"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
