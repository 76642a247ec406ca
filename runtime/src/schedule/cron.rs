//! Cron texts: five fields, or six with the second first.

use croner::parser::{CronParser, Year};
use croner::{Cron, Weekday};
use jiff::civil::Date;

/// A cron text that was parsed. It knows no time zone: it matches dates and times of a clock on the wall.
#[derive(Clone, Debug)]
pub(super) struct CronRule {
    cron: Cron,
    seconds: Vec<u16>,
    minutes: Vec<u16>,
    hours: Vec<u16>,
    /// Whether it names its seconds, minutes and hours, without `*` and `/`.
    pub(super) is_fixed: bool,
}

/// A field of a cron text.
struct Field {
    name: &'static str,
    allowed: &'static str,
}

const FIELDS: [Field; 6] = [
    Field { name: "second", allowed: "0 to 59, `*`, `,`, `-`, `/`" },
    Field { name: "minute", allowed: "0 to 59, `*`, `,`, `-`, `/`" },
    Field { name: "hour", allowed: "0 to 23, `*`, `,`, `-`, `/`" },
    Field {
        name: "day of the month",
        allowed: "1 to 31, `L` for the last one, `15W` for the working day next to the 15th, `*`, `,`, `-`, `/`",
    },
    Field { name: "month", allowed: "1 to 12, JAN to DEC, `*`, `,`, `-`, `/`" },
    Field {
        name: "day of the week",
        allowed: "0 to 7 (0 and 7 are Sunday), SUN to SAT, `FRI#2` for the second Friday, `FRI#L` for the last one, `*`, \
                  `,`, `-`, `/`",
    },
];

impl CronRule {
    /// Parses a text.
    ///
    /// # Errors
    /// The text is none; the message names the field and what is allowed there.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let named = match fields.len() {
            5 => &FIELDS[1..],
            6 => &FIELDS[..],
            count => {
                return Err(format!(
                    "the cron text `{text}` has {count} fields. It has five: minute, hour, day of the month, month, day \
                     of the week; or six, with the second first, as in `0 3 * * MON-FRI`"
                ));
            }
        };
        for (place, (field, Field { name, allowed })) in fields.iter().zip(named).enumerate() {
            let mut alone = vec!["*"; fields.len()];
            alone[place] = field;
            if parsed(&alone.join(" ")).is_err() {
                return Err(format!("the cron text `{text}`: `{field}` is no {name}. Allowed: {allowed}"));
            }
        }
        let cron = parsed(text).map_err(|error| format!("the cron text `{text}`: {error}"))?;
        let times = &fields[..fields.len() - 3];
        let is_fixed = !times.iter().any(|field| field.contains(['*', '/']));
        let pattern = &cron.pattern;
        let (seconds, minutes, hours) = (pattern.seconds.values(), pattern.minutes.values(), pattern.hours.values());
        Ok(Self { cron, seconds, minutes, hours, is_fixed })
    }

    pub(super) fn takes_month(&self, month: i8) -> bool {
        self.cron.pattern.month_match(u32::from(month.unsigned_abs())).unwrap_or(false)
    }

    pub(super) fn takes_date(&self, date: Date) -> bool {
        let from_sunday = u32::from(date.weekday().to_sunday_zero_offset().unsigned_abs());
        let weekday = Weekday::from_days_from_sunday(from_sunday);
        let [month, day] = [date.month(), date.day()].map(|part| u32::from(part.unsigned_abs()));
        let takes_day = self.cron.pattern.day_match(date.year().into(), month, day, weekday);
        self.takes_month(date.month()) && takes_day.unwrap_or(false)
    }

    /// Returns the first time of a day from this second on.
    pub(super) fn time_from(&self, second: u32) -> Option<u32> {
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        for found in from(&self.hours, hour) {
            let minute = if found == hour { minute } else { 0 };
            for found_minute in from(&self.minutes, minute) {
                let second = if found == hour && found_minute == minute { second } else { 0 };
                if let Some(found_second) = from(&self.seconds, second).next() {
                    return Some(found * 3600 + found_minute * 60 + found_second);
                }
            }
        }
        None
    }
}

/// Returns the values from `least` on, in order.
fn from(values: &[u16], least: u32) -> impl Iterator<Item = u32> {
    values.iter().map(|value| u32::from(*value)).filter(move |value| *value >= least)
}

fn parsed(text: &str) -> Result<Cron, croner::errors::CronError> {
    CronParser::builder().year(Year::Disallowed).build().parse(text)
}

#[cfg(test)]
mod tests {
    use super::CronRule;

    #[test]
    fn an_error_names_the_field_and_what_is_allowed() {
        let message = |text: &str| CronRule::parse(text).map(drop).expect_err(text);
        for (text, field, allowed) in [
            ("60 3 * * *", "`60` is no minute", "0 to 59"),
            ("0 24 * * *", "`24` is no hour", "0 to 23"),
            ("0 3 32 * *", "`32` is no day of the month", "`L` for the last one"),
            ("0 3 * 13 *", "`13` is no month", "JAN to DEC"),
            ("0 3 * * FUN", "`FUN` is no day of the week", "SUN to SAT"),
            ("61 0 3 * * *", "`61` is no second", "0 to 59"),
            ("0 3 * * 8", "`8` is no day of the week", "0 to 7"),
            ("a b c d e", "`a` is no minute", "0 to 59"),
            ("5/0 * * * *", "`5/0` is no minute", "0 to 59"),
        ] {
            let message = message(text);
            assert!(message.contains(field) && message.contains(allowed), "{text}: {message}");
        }
        for (text, count) in [("", 0), ("* * * *", 4), ("0 0 3 * * * 2026", 7), ("@daily", 1)] {
            let message = message(text);
            assert!(message.contains(&format!("has {count} fields. It has five")), "{text}: {message}");
        }
    }

    #[test]
    fn times_of_a_day_come_in_order() {
        let rule = CronRule::parse("30,15 2,14 * * *").expect("a text");
        assert!(rule.is_fixed);
        let mut times = Vec::new();
        let mut from = 0;
        while let Some(time) = rule.time_from(from) {
            times.push((time / 3600, time / 60 % 60));
            from = time + 1;
        }
        assert_eq!(times, [(2, 15), (2, 30), (14, 15), (14, 30)]);
        for text in ["*/5 2 * * *", "0 * * * *", "*/7 0 3 * * *"] {
            assert!(!CronRule::parse(text).expect(text).is_fixed, "{text}");
        }
        assert!(CronRule::parse("0 9-17 * * MON-FRI").expect("a text").is_fixed);
    }
}
