//! Running tasks on all cores.

use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

/// Runs all tasks on all [cores] and returns the results in the order of the tasks.
pub(crate) fn map<T: Send, R: Send>(
    tasks: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator + Send>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let tasks = tasks.into_iter();
    let threads = cores().min(tasks.len());
    let tasks = Mutex::new(tasks.enumerate());
    let next = || tasks.lock().ok()?.next();
    let work = || {
        let mut done = Vec::new();
        while let Some((index, task)) = next() {
            done.push((index, work(task)));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        // This thread works too, so the work is done even if no other thread can be spawned.
        let helpers: Vec<_> = (1..threads)
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut done = work();
        for helper in helpers {
            done.extend(helper.join().expect("a task does not panic"));
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Returns the number of threads to use: that of the cores, but at most eight, as more would wait for memory.
pub(crate) fn cores() -> usize {
    const MOST: usize = 8;
    thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_tasks() {
        for len in [0, 1, 2, 1_000] {
            let squares: Vec<usize> = (0..len).map(|number| number * number).collect();
            assert_eq!(map(0..len, |number| number * number), squares);
        }
    }
}
