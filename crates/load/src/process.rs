//! The processor time and the memory that processes use.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The unit of `/proc/PID/stat`, which is fixed in Linux's interface.
const TICK: Duration = Duration::from_millis(10);

/// Returns the processor time that a process has used, in user mode and in the kernel, on all its threads.
///
/// It comes from the scheduler's own accounts, which are precise to a few milliseconds, or from the process's coarser ones
/// where those are not kept. A thread that has ended counts in the latter only.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn process_cpu(pid: u32) -> io::Result<Duration> {
    let process = Path::new("/proc").join(pid.to_string());
    match threads_cpu(&process.join("task")) {
        Ok(Some(sum)) => Ok(sum),
        _ => from_stat(&fs::read_to_string(process.join("stat"))?),
    }
}

/// Returns how many bytes of memory a process has for itself, without the files that it has mapped.
///
/// # Errors
///
/// If there is no such process, or no `/proc`.
pub fn process_memory(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    from_status(&status).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn from_status(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The processor time of the calling thread so far, if the system has it.
pub(crate) fn thread_cpu() -> Option<Duration> {
    from_schedstat(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

fn threads_cpu(tasks: &Path) -> io::Result<Option<Duration>> {
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(tasks)? {
        // A thread may end at any time.
        if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
            let Some(used) = from_schedstat(&text) else {
                return Ok(None);
            };
            sum += used;
        }
    }
    Ok((!sum.is_zero()).then_some(sum))
}

/// The first number of a schedstat is the time on a processor in nanoseconds.
fn from_schedstat(text: &str) -> Option<Duration> {
    let nanos = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

/// Fields 14 and 15 of a stat are ticks in user mode and in the kernel.
fn from_stat(text: &str) -> io::Result<Duration> {
    // The second field is the program's name in brackets, which may hold anything.
    let after_name = text.rsplit_once(')').map(|(_, rest)| rest);
    let mut fields = after_name
        .into_iter()
        .flat_map(str::split_whitespace)
        .skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    ticks()
        .zip(ticks())
        .map(|(user, kernel)| TICK * user + TICK * kernel)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_of_the_kernel_are_read() {
        let schedstat = "1234567890 111 22\n";
        assert_eq!(
            from_schedstat(schedstat),
            Some(Duration::from_nanos(1_234_567_890))
        );
        assert_eq!(from_schedstat(""), None);
        let stat = "17 (a) b) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0";
        assert_eq!(from_stat(stat).unwrap(), Duration::from_secs(3));
        assert!(from_stat("17 (cut").is_err());
        let status = "VmRSS:\t  900 kB\nRssAnon:\t     516 kB\nRssFile:\t 384 kB\n";
        assert_eq!(from_status(status), Some(516 << 10));
        assert_eq!(from_status("RssAnon: some"), None);
    }
}
