// SPDX-License-Identifier: Apache-2.0
//! The middle and the tail of many durations.
use std::time::Duration;

/// Durations, in no order.
#[derive(Debug, Default)]
pub struct Quantiles(Vec<Duration>);

impl Quantiles {
    /// One more.
    pub fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest duration that at least `percent` of all are not above (nearest rank); zero if there is none.
    pub fn at(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

/// Three figures that matter: `31 µs`, `1.42 ms`, `2.1 s`.
pub fn shown(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        below if below < 100.0 => format!("{below:.1} µs"),
        below if below < 1000.0 => format!("{below:.0} µs"),
        below if below < 1e6 => format!("{:.2} ms", below / 1e3),
        rest => format!("{:.2} s", rest / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let mut quantiles = Quantiles::default();
        assert_eq!(quantiles.at(50), Duration::ZERO);
        for ms in (1..=100).rev() {
            quantiles.add(Duration::from_millis(ms));
        }
        assert_eq!(quantiles.at(50), Duration::from_millis(50));
        assert_eq!(quantiles.at(99), Duration::from_millis(99));
        assert_eq!(quantiles.at(100), Duration::from_millis(100));
    }

    #[test]
    fn durations_are_shown_in_the_unit_that_fits() {
        assert_eq!(shown(Duration::from_nanos(31_240)), "31.2 µs");
        assert_eq!(shown(Duration::from_micros(420)), "420 µs");
        assert_eq!(shown(Duration::from_micros(1_424)), "1.42 ms");
        assert_eq!(shown(Duration::from_millis(2_100)), "2.10 s");
    }
}
