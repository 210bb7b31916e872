//! The table that a comparison ends in.

use std::fmt;

use crate::figure::{Unit, median, times};
use crate::measurement::{Measurement, Sample};

/// The runs of one measurement on one server.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    samples: Vec<Sample>,
    failure: Option<String>,
}

impl Runs {
    /// Adds a run: its figures, or why there are none.
    pub fn add(&mut self, outcome: anyhow::Result<Sample>) {
        match outcome {
            Ok(sample) => self.samples.push(sample),
            Err(error) => self.failure = Some(format!("{error:#}")),
        }
    }

    /// Returns the medians so far, row by row, in words.
    #[must_use]
    pub fn summary(&self, rows: &[(&'static str, Unit)]) -> String {
        if let Some(failure) = &self.failure {
            return format!("failed: {failure}");
        }
        let figures = rows.iter().enumerate().map(|(row, &(name, unit))| {
            let figure = self.median(row).map_or_else(unknown, |v| unit.format(v));
            format!("{name} {figure}")
        });
        figures.collect::<Vec<_>>().join(", ")
    }

    /// A measurement that has failed once has no figures.
    fn median(&self, row: usize) -> Option<f64> {
        let values: Vec<_> = self
            .samples
            .iter()
            .filter_map(|sample| sample.values.get(row).copied())
            .filter(|value| value.is_finite())
            .collect();
        median(&values).filter(|_| self.failure.is_none())
    }

    fn client_bound(&self) -> bool {
        self.samples.iter().any(|sample| sample.client_bound)
    }

    fn notes(&self) -> impl Iterator<Item = &String> {
        let of_samples = self.samples.iter().find_map(|sample| sample.note.as_ref());
        self.failure.iter().chain(of_samples)
    }
}

/// A comparison of two servers, printed as Markdown.
#[derive(Clone, Debug)]
pub struct Table {
    title: String,
    rows: Vec<[String; 4]>,
    notes: Vec<String>,
}

impl Table {
    /// Begins a table.
    #[must_use]
    pub fn new(title: String) -> Self {
        Self {
            title,
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a measurement of both servers.
    pub fn add(&mut self, measurement: &Measurement<'_>, baseline: &Runs, ours: &Runs) {
        for (row, &(name, unit)) in measurement.rows.iter().enumerate() {
            let figures = [baseline.median(row), ours.median(row)];
            let ratio = match figures {
                [Some(baseline), Some(ours)] => times(unit.ratio(baseline, ours)),
                _ => unknown(),
            };
            let first_words = if row == 0 { &measurement.name } else { "…" };
            let cell = |runs: &Runs, figure: Option<f64>| {
                let mark = if row == 0 && runs.client_bound() {
                    " *"
                } else {
                    ""
                };
                figure.map_or_else(unknown, |value| unit.format(value) + mark)
            };
            self.rows.push([
                format!("{first_words}: {name}"),
                cell(baseline, figures[0]),
                cell(ours, figures[1]),
                ratio,
            ]);
        }
        for (who, runs) in [("baseline", baseline), ("ours", ours)] {
            let notes = runs.notes();
            let name = &measurement.name;
            self.notes
                .extend(notes.map(|note| format!("{name}, {who}: {note}.")));
        }
        if baseline.client_bound() || ours.client_bound() {
            let mark = "\\* The load and not the server was the limit.".to_owned();
            if !self.notes.contains(&mark) {
                self.notes.insert(0, mark);
            }
        }
    }

    /// Adds a measurement of our server alone, in one of several settings.
    pub fn add_alone(&mut self, measurement: &Measurement<'_>, setting: &str, ours: &Runs) {
        let name = format!("{}, {setting}", measurement.name);
        for (row, &(figure, unit)) in measurement.rows.iter().enumerate() {
            let first_words = if row == 0 { &name } else { "…" };
            let value = ours.median(row).map_or_else(unknown, |v| unit.format(v));
            self.add_beside(&format!("{first_words}: {figure}"), value);
        }
        self.notes
            .extend(ours.notes().map(|note| format!("{name}: {note}.")));
    }

    /// Adds a line below the table.
    pub fn add_note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// Adds a row of something that is no server, beside those above.
    pub fn add_beside(&mut self, name: &str, figure: String) {
        self.rows
            .push([name.to_owned(), String::new(), figure, String::new()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n", self.title)?;
        writeln!(f, "| measurement | baseline | ours | ratio |")?;
        writeln!(f, "| --- | ---: | ---: | ---: |")?;
        for [name, baseline, ours, ratio] in &self.rows {
            writeln!(f, "| {name} | {baseline} | {ours} | {ratio} |")?;
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}

fn unknown() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_stand_side_by_side_and_failures_below() {
        let rows = [("calls", Unit::PerSecond), ("p50", Unit::Seconds)];
        let measurement = Measurement::new("GetFeature", &rows, |_| anyhow::bail!("unused"));
        let sample = |rate, p50| Sample {
            values: vec![rate, p50],
            client_bound: false,
            note: None,
        };
        let mut baseline = Runs::default();
        let mut ours = Runs::default();
        for rate in [100.0, 900.0, 200.0] {
            baseline.add(Ok(sample(rate, 1.0)));
            ours.add(Ok(sample(rate * 10.0, 0.5)));
        }
        let mut table = Table::new("100 features".to_owned());
        table.add(&measurement, &baseline, &ours);
        ours.add(Err(anyhow::anyhow!("no answer")));
        table.add(&measurement, &baseline, &ours);
        let expected = "\
### 100 features

| measurement | baseline | ours | ratio |
| --- | ---: | ---: | ---: |
| GetFeature: calls | 200 /s | 2.00 k/s | 10.0 × |
| …: p50 | 1.00 s | 500 ms | 2.00 × |
| GetFeature: calls | 200 /s | – | – |
| …: p50 | 1.00 s | – | – |

GetFeature, ours: no answer.
";
        assert_eq!(table.to_string(), expected);
    }
}
