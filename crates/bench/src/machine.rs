//! Where figures come from.

use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// The machine, the commit and the compiler that figures belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The processor and how many cores of it there are.
    pub processor: String,
    /// The kernel.
    pub kernel: String,
    /// How much memory there is.
    pub memory: String,
    /// The commit, and whether there are changes on top of it.
    pub commit: String,
    /// The compiler.
    pub compiler: String,
}

impl Provenance {
    /// Looks around; what cannot be found out is `unknown`.
    #[must_use]
    pub fn look_around() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = field(&cpu, "model name").unwrap_or("unknown processor");
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kibibytes: Option<u64> = field(&memory, "MemTotal")
            .and_then(|total| total.split_whitespace().next()?.parse().ok());
        Self {
            processor: format!("{model}, {cores} cores"),
            kernel: output("uname", &["-sr"]),
            memory: kibibytes.map_or_else(unknown, |k| format!("{} GiB", k.div_ceil(1 << 20))),
            commit: output("git", &["describe", "--always", "--dirty"]),
            compiler: output("rustc", &["--version"]),
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processor,
            kernel,
            memory,
            commit,
            compiler,
        } = self;
        write!(
            f,
            "{processor}, {memory}; {kernel}; {compiler}; commit {commit}"
        )
    }
}

/// Watches the machine for some time and returns which share of all its cores is at work, if the system tells.
#[must_use]
pub fn busy(time: Duration) -> Option<f64> {
    let read = || ticks(&fs::read_to_string("/proc/stat").ok()?);
    let (work_before, all_before) = read()?;
    thread::sleep(time);
    let (work, all) = read()?;
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    Some(share(
        work.checked_sub(work_before)?,
        all.checked_sub(all_before)?,
    ))
}

/// How long all cores have worked, and how long they have been there, in ticks.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line
        .split_whitespace()
        .map(|field| field.parse().ok())
        .collect::<Option<_>>()?;
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of the first two.
    let all = fields.iter().take(8).sum::<u64>();
    let idle = fields.iter().skip(3).take(2).sum::<u64>();
    Some((all - idle, all))
}

/// The value of the first `name: value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output
        .ok()
        .filter(|output| output.status.success())
        .map_or_else(unknown, |output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_what_follows_the_colon() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n";
        assert_eq!(field(text, "model name"), Some("Some CPU @ 2 GHz"));
        assert_eq!(field(text, "flags"), None);
        assert_eq!(output("no-such-program", &[]), "unknown");
    }

    #[test]
    fn idle_time_is_no_work() {
        let stat = "cpu  10 20 30 400 50 6 7 8 9 10\ncpu0 1 2 3 4\n";
        assert_eq!(ticks(stat), Some((81, 531)));
        assert_eq!(ticks("intr 1 2"), None);
    }
}
