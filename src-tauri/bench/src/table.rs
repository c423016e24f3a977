//! The table: a row for each of our figures, with the best peer beside it.

use serde_json::{Value, json};

use crate::measure::{Figure, Goal, Part};

/// A unit, and how many of it the figures count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// Seconds, shown as milliseconds.
    Time,
    /// Seconds, shown as microseconds.
    Short,
    /// Bytes.
    Bytes,
    /// Bytes, shown as megabytes.
    Memory,
    /// A ratio.
    Ratio,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Time => "ms",
            Unit::Short => "µs",
            Unit::Bytes => "bytes",
            Unit::Memory => "MB",
            Unit::Ratio => "ratio",
        }
    }

    /// A figure in this unit.
    fn of(self, figure: f64) -> f64 {
        match self {
            Unit::Time => figure * 1e3,
            Unit::Short => figure * 1e6,
            Unit::Memory => figure / 1e6,
            Unit::Bytes | Unit::Ratio => figure,
        }
    }

    fn show(self, figure: f64) -> String {
        match self {
            Unit::Bytes => format!("{figure:.0}"),
            _ => short(self.of(figure)),
        }
    }
}

/// Three digits that count.
pub fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    name: &'static str,
    trace: String,
    unit: Unit,
    ours: Figure,
    goal: Goal,
    others: Vec<Figure>,
    note: String,
}

/// A row for each figure of ours.
pub fn rows(trace: &str, unit: Unit, note: &str, figures: &[Figure]) -> Vec<Row> {
    let others: Vec<Figure> = figures.iter().filter(|figure| !matches!(figure.part, Part::Ours(..))).cloned().collect();
    let ours = figures.iter().filter_map(|figure| match figure.part {
        Part::Ours(name, goal) => Some((name, goal, figure.clone())),
        Part::Peer | Part::Floor => None,
    });
    ours.map(|(name, goal, ours)| Row {
        name,
        trace: trace.to_owned(),
        unit,
        ours,
        goal,
        others: others.clone(),
        note: note.to_owned(),
    })
    .collect()
}

impl Row {
    fn best_peer(&self) -> Option<(&str, f64)> {
        let peers = self.others.iter().filter(|figure| figure.part == Part::Peer);
        let peers = peers.filter_map(|figure| Some((figure.name.as_str(), figure.min()?)));
        peers.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// What ours must not exceed, in the row's own unit.
    fn limit(&self) -> Option<f64> {
        match self.goal {
            Goal::Best(times) => self.best_peer().map(|(_, best)| best * times),
            Goal::Of(name, times) => {
                self.others.iter().find(|figure| figure.name == name)?.min().map(|least| least * times)
            }
            Goal::AtMost(most) => Some(most),
            Goal::None => None,
        }
    }

    fn goal(&self) -> Value {
        match self.goal {
            Goal::Best(times) => json!(format!("≤ {times} × the best peer")),
            Goal::Of(name, times) => json!(format!("≤ {times} × {name}")),
            Goal::AtMost(most) => json!(self.unit.of(most)),
            Goal::None => Value::Null,
        }
    }

    fn ratio(&self) -> Option<f64> {
        Some(self.ours.min()? / self.best_peer()?.1)
    }

    fn holds(&self) -> Option<bool> {
        Some(self.ours.min()? <= self.limit()?)
    }

    /// The row as JSON; minima, but where it says median.
    pub fn to_json(&self) -> Value {
        let rounded = |value: f64| (value * 1e6).round() / 1e6;
        let value = |value: Option<f64>| value.map(|value| rounded(self.unit.of(value)));
        let all = self.others.iter().map(|figure| {
            json!({
                "name": figure.name,
                "counts": figure.part == Part::Peer,
                "min": value(figure.min()),
                "median": value(figure.median()),
                "runs": figure.runs.len(),
                "error": figure.error,
            })
        });
        json!({
            "row": self.name,
            "trace": self.trace,
            "ours": value(self.ours.min()),
            "best_peer": value(self.best_peer().map(|(_, best)| best)),
            "peer": self.best_peer().map(|(name, _)| name),
            "goal": self.goal(),
            "unit": self.unit.name(),
            "ratio": self.ratio().map(rounded),
            "limit": value(self.limit()),
            "holds": self.holds(),
            "ours_median": value(self.ours.median()),
            "runs": self.ours.runs.len(),
            "error": self.ours.error,
            "note": self.note,
            "others": all.collect::<Vec<_>>(),
        })
    }

    /// The row as a line for people, and what else there is to say below it.
    pub fn print(&self) {
        let both = |figure: &Figure| match (figure.min(), figure.median(), &figure.error) {
            (_, _, Some(error)) => format!("wrong ({error})"),
            (Some(min), Some(median), _) if figure.runs.len() > 1 => {
                format!("{} ({})", self.unit.show(min), self.unit.show(median))
            }
            (Some(min), ..) => self.unit.show(min),
            _ => "none".into(),
        };
        let peer = self.best_peer().map_or(String::new(), |(name, best)| format!("{name} {}", self.unit.show(best)));
        let ratio = self.ratio().map_or(String::new(), |ratio| format!("×{}", short(ratio)));
        let goal = match self.goal {
            Goal::Best(times) => format!("≤ {} × best", short(times)),
            Goal::Of(name, times) => format!("≤ {times} × {name}"),
            Goal::AtMost(most) => format!("≤ {}", self.unit.show(most)),
            Goal::None => String::new(),
        };
        let holds = self.holds().map_or("", |holds| if holds { "holds" } else { "MISSED" });
        println!(
            "{:<30} {:<17} {:>5} {:>22}  {:<22} {:>8}  {:<18} {holds}",
            self.name,
            self.trace,
            self.unit.name(),
            both(&self.ours),
            peer,
            ratio,
            goal
        );
        let others: Vec<String> =
            self.others.iter().map(|figure| format!("{} {}", figure.name, both(figure))).collect();
        let rest = [others.join(" · "), self.note.clone()];
        let rest: Vec<&str> = rest.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        if !rest.is_empty() {
            println!("    {}", rest.join(" — "));
        }
    }

    /// The line above the rows.
    pub fn print_head() {
        println!(
            "{:<30} {:<17} {:>5} {:>22}  {:<22} {:>8}  {:<18}",
            "row", "trace", "unit", "ours min (median)", "best peer (min)", "ratio", "goal"
        );
    }
}
