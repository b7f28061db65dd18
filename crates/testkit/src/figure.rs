//! Figures of a benchmark: each beside its limit or a peer, measured in the same run.

use serde_json::{Value, json};

/// What a ratio should be. Missing it is told, never a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Aim {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
}

/// Rounds of a subject and of what it is held against, taken in turns.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    pairs: Vec<(f64, f64)>,
}

impl Rounds {
    /// Measures both `count` times. Who goes first changes each round, so that a machine that
    /// becomes slower meanwhile favours neither.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn alternate(
        count: usize,
        mut subject: impl FnMut() -> f64,
        mut reference: impl FnMut() -> f64,
    ) -> Self {
        assert!(count > 0, "a median needs a round");
        let pairs = (0..count).map(|round| {
            if round % 2 == 0 {
                let own = subject();
                (own, reference())
            } else {
                let other = reference();
                (subject(), other)
            }
        });
        Self { pairs: pairs.collect() }
    }

    /// The median of what was measured of the subject.
    pub fn median_of_subject(&self) -> f64 {
        median(self.pairs.iter().map(|pair| pair.0))
    }

    /// The figure of these rounds: medians, and the median of the ratios within each round.
    pub fn figure(&self, name: &str, unit: &'static str, reference: &str) -> Figure {
        let column = |pick: fn(&(f64, f64)) -> f64| median(self.pairs.iter().map(pick));
        Figure {
            name: name.to_owned(),
            unit,
            value: column(|pair| pair.0),
            reference: reference.to_owned(),
            reference_value: column(|pair| pair.1),
            ratio: column(|pair| pair.0 / pair.1),
            aim: None,
            rounds: self.pairs.clone(),
        }
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    name: String,
    unit: &'static str,
    value: f64,
    reference: String,
    reference_value: f64,
    ratio: f64,
    aim: Option<Aim>,
    rounds: Vec<(f64, f64)>,
}

impl Figure {
    /// A figure that was measured once beside a number that is given.
    pub fn once(name: &str, unit: &'static str, value: f64, reference: &str, given: f64) -> Self {
        Rounds { pairs: vec![(value, given)] }.figure(name, unit, reference)
    }

    /// States the aim.
    #[must_use]
    pub fn aim(mut self, aim: Aim) -> Self {
        self.aim = Some(aim);
        self
    }

    /// Prints it as one line of JSON, for `cargo xtask bench`.
    pub fn print(&self) {
        println!("{}", self.to_json());
    }

    fn to_json(&self) -> Value {
        let rounds: Vec<Value> =
            self.rounds.iter().map(|(own, other)| json!([own, other])).collect();
        let (aim, meets) = match self.aim {
            None => (Value::Null, Value::Null),
            Some(Aim::AtLeast(least)) => (json!({ "at_least": least }), json!(self.ratio >= least)),
            Some(Aim::AtMost(most)) => (json!({ "at_most": most }), json!(self.ratio <= most)),
        };
        json!({
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "reference": self.reference,
            "reference_value": self.reference_value,
            "ratio": self.ratio,
            "aim": aim,
            "meets_aim": meets,
            "rounds": rounds,
        })
    }
}

/// The middle of the values in order; of two middles the upper.
///
/// # Panics
/// If there is none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_holds_medians_and_says_whether_the_aim_is_met() {
        let (mut own, mut other) = ([8.0, 90.0, 9.0].into_iter(), [10.0, 100.0, 10.0].into_iter());
        let rounds = Rounds::alternate(
            3,
            || own.next().expect("three rounds"),
            || other.next().expect("three rounds"),
        );
        let figure = rounds.figure("x", "1/s", "y");
        assert_eq!((figure.value, figure.reference_value, figure.ratio), (9.0, 10.0, 0.9));
        assert_eq!(figure.clone().aim(Aim::AtLeast(0.9)).to_json()["meets_aim"], json!(true));
        assert_eq!(figure.aim(Aim::AtMost(0.8)).to_json()["meets_aim"], json!(false));
    }
}
