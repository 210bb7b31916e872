//! Which cores threads run on.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The cores that server and client may use.
#[derive(Clone, Copy, Debug)]
pub struct Cores {
    all: CpuSet,
    /// One for the server and one for the client, if there are two.
    apart: Option<(CpuSet, CpuSet)>,
}

impl Cores {
    /// Looks at the cores of this process. On one core, or where cores cannot be chosen, all is shared.
    #[must_use]
    pub fn of_this_process() -> Self {
        let all = sched_getaffinity(None).unwrap_or_default();
        let mut numbers = (0..CpuSet::MAX_CPU).filter(|&number| all.is_set(number));
        let mut one = || {
            let mut set = CpuSet::new();
            set.set(numbers.next()?);
            Some(set)
        };
        let apart = one().zip(one());
        Self { all, apart }
    }

    /// The same cores, without keeping server and client apart.
    #[must_use]
    pub const fn shared(self) -> Self {
        Self {
            apart: None,
            ..self
        }
    }

    /// Tells whether server and client have different cores.
    #[must_use]
    pub const fn are_apart(&self) -> bool {
        self.apart.is_some()
    }

    /// Returns how many cores there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.all.count()
    }

    /// Does something on the server's core; threads and processes begun there stay there.
    pub fn on_server<T>(&self, work: impl FnOnce() -> T) -> T {
        self.on(self.apart.map(|(server, _)| server), work)
    }

    /// Does something on the client's core; threads and processes begun there stay there.
    pub fn on_client<T>(&self, work: impl FnOnce() -> T) -> T {
        self.on(self.apart.map(|(_, client)| client), work)
    }

    fn on<T>(&self, set: Option<CpuSet>, work: impl FnOnce() -> T) -> T {
        let Some(set) = set else {
            return work();
        };
        // What cannot be pinned runs anyhow: then it is measured less sharply.
        let _ = sched_setaffinity(None, &set);
        let done = work();
        let _ = sched_setaffinity(None, &self.all);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_begun_on_a_core_stay_there() {
        let cores = Cores::of_this_process();
        let here = || sched_getaffinity(None).unwrap();
        let there = cores.on_client(|| std::thread::spawn(here).join().unwrap());
        assert_eq!(here(), cores.all);
        if cores.are_apart() {
            assert_eq!(there.count(), 1);
            assert_ne!(there, cores.on_server(here));
        }
    }
}
