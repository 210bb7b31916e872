use std::time::Duration;

use route_guide_geo::E7Point;

use super::{Entry, Log, NoteLogs, Serial, cost_bytes, log_of};
use crate::note::{Draft, Index};
use crate::notebook::Receipt;

/// What the server of a note's author had read when it sent the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    /// The last note of the whole stream.
    pub(crate) seen: Serial,
    /// The last note of the place; 0 if there was none.
    pub(crate) last: Serial,
}

/// For notes that are read from a stream which other servers write too, and from which retention may remove some before
/// they are read here. A note's serial is its number in the stream.
impl NoteLogs {
    /// Returns what is known here about the notes of a place, `seen` being the last note that has been read and `gap` the
    /// last one that was removed unread. `None` if that one may have been at the place.
    pub(crate) fn context(&self, place: E7Point, seen: Serial, gap: Serial) -> Option<Context> {
        let last = self.places.get(&place).map_or(0, |log| log.last);
        (last >= gap).then_some(Context { seen, last })
    }

    /// Writes a note that has been read as number `serial` of the stream, `gap` being the last one that was removed unread.
    ///
    /// If a note of the place may have been removed unread, readers of the place miss one. How many there were is not
    /// known. That there were none is known only from the server of the note's author.
    pub(crate) fn commit_replicated(
        &mut self,
        draft: Draft,
        written: Duration,
        serial: Serial,
        context: Option<Context>,
        gap: Serial,
        garbage: &mut Vec<Entry>,
    ) -> Receipt {
        let place = draft.place();
        let last = self.places.get(&place).map_or(0, |log| log.last);
        if gap > last {
            match context.filter(|context| context.seen < serial) {
                Some(context) if context.last > last => self.skip_lost(place, garbage),
                Some(context) if context.seen >= gap => {}
                _ => self.interrupt(place),
            }
        }
        log_of(&mut self.places, place, self.retired).last = serial;
        self.next_serial = serial;
        self.write(draft, written, garbage)
    }

    /// Makes all readers of a place miss a note. Those before it go, as they have gone where they came from.
    fn skip_lost(&mut self, place: E7Point, garbage: &mut Vec<Entry>) {
        let newest = self.newest(place).plus(1);
        while let Some(entry) = self.pop_front(place) {
            garbage.push(entry);
        }
        // Without notes and subscriptions the log is gone by now.
        log_of(&mut self.places, place, self.retired).newest = newest;
    }

    /// Makes all readers of a place miss a note, by leaving an index out. The notes that are kept follow after it.
    pub(crate) fn interrupt(&mut self, place: E7Point) {
        let Some(log) = self.places.get_mut(&place) else {
            return;
        };
        log.newest = log.newest.plus(1);
        for entry in &mut log.notes {
            log.newest = log.newest.plus(1);
            entry.note.renumber(log.newest);
        }
    }

    /// Removes the notes after `serial`, and returns their places. All readers there miss a note.
    pub(crate) fn cut_after(&mut self, serial: Serial, garbage: &mut Vec<Entry>) -> Vec<E7Point> {
        let is_cut = |log: &Log| log.last > serial;
        let places = self.places.iter().filter(|(_, log)| is_cut(log));
        let places: Vec<_> = places.map(|(place, _)| *place).collect();
        for &place in &places {
            while let Some(log) = self.places.get(&place)
                && log.notes.back().is_some_and(|entry| entry.serial > serial)
            {
                garbage.extend(self.pop_back(place));
            }
            if let Some(log) = self.places.get_mut(&place) {
                log.last = log.notes.back().map_or(0, |entry| entry.serial);
            }
            self.interrupt(place);
        }
        places
    }

    /// Removes the newest note of a place, and the place with its last one unless it has subscribers.
    fn pop_back(&mut self, place: E7Point) -> Option<Entry> {
        let log = self.places.get_mut(&place)?;
        if log.notes.len() == 1 {
            return self.pop_front(place);
        }
        let entry = log.notes.pop_back()?;
        self.notes -= 1;
        self.bytes -= cost_bytes(entry.note.message_bytes());
        Some(entry)
    }

    /// Returns the last index given out at a place, or the one that its log would count on from.
    pub(crate) fn newest(&self, place: E7Point) -> Index {
        self.places
            .get(&place)
            .map_or(self.retired, |log| log.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::logs::WhenFull;
    use crate::note::Author;
    use crate::notebook::PageLimit;

    /// A copy of a stream that others write.
    struct Copy {
        logs: NoteLogs,
        gap: Serial,
        seen: Serial,
    }

    impl Copy {
        fn new() -> Self {
            Self {
                logs: NoteLogs::new(Limits::default(), WhenFull::Forget),
                gap: 0,
                seen: 0,
            }
        }

        /// Reads the note `serial`, and returns how many notes a reader misses that had read all before. Notes before it
        /// that were not read are gone.
        fn read(&mut self, place: E7Point, serial: Serial, context: Option<(u64, u64)>) -> u64 {
            if serial > self.seen + 1 {
                self.gap = serial - 1;
            }
            self.seen = serial;
            let draft = Draft::new(place, "x", Author::unique());
            let before = self.logs.newest(place);
            let context = context.map(|(seen, last)| Context { seen, last });
            let (written, mut garbage) = (Duration::ZERO, Vec::new());
            self.logs
                .commit_replicated(draft, written, serial, context, self.gap, &mut garbage);
            let page = PageLimit::default();
            self.logs.read(place, before, page, Duration::ZERO).missed
        }

        fn context(&self, place: E7Point) -> Option<(u64, u64)> {
            let context = self.logs.context(place, self.seen, self.gap);
            context.map(|context| (context.seen, context.last))
        }

        fn kept(&mut self, place: E7Point) -> Vec<u64> {
            let page = PageLimit::default();
            let page = self.logs.read(place, Index::START, page, Duration::ZERO);
            page.notes.iter().map(|note| note.index().get()).collect()
        }
    }

    fn place(lat: i32) -> E7Point {
        E7Point::unbounded(lat, 0)
    }

    #[test]
    fn a_note_tells_whether_others_before_it_are_gone() {
        let mut copy = Copy::new();
        assert_eq!(copy.read(place(1), 1, Some((0, 0))), 0);
        assert_eq!(copy.read(place(2), 2, Some((1, 0))), 0);
        // 3 to 19 are gone. The last of the second place was 2, of the first 17.
        assert_eq!(copy.read(place(2), 20, Some((19, 2))), 0);
        assert_eq!(copy.context(place(1)), None, "nobody knows here");
        assert_eq!(copy.read(place(1), 21, Some((20, 17))), 1);
        assert_eq!(copy.kept(place(1)), [3]);
        assert_eq!(copy.kept(place(2)), [1, 2]);
        // What has been told once is not told again.
        assert_eq!(copy.read(place(1), 22, Some((20, 17))), 0);
        assert_eq!(copy.context(place(1)), Some((22, 22)));
    }

    #[test]
    fn what_nobody_knows_counts_as_gone() {
        let mut copy = Copy::new();
        for lat in 1..=4 {
            copy.read(place(lat), u64::try_from(lat).unwrap(), None);
        }
        // Sent when its server had not yet read the last that is gone.
        assert_eq!(copy.read(place(1), 10, Some((8, 1))), 1);
        // What is kept follows after the gap.
        assert_eq!(copy.kept(place(1)), [3, 4]);
        // Sent by a server that had not read all of them either.
        assert_eq!(copy.read(place(2), 11, None), 1);
        // No server has read what comes later.
        assert_eq!(copy.read(place(3), 12, Some((100, 3))), 1);
        assert_eq!(copy.read(place(4), 13, Some((9, 4))), 0);
    }

    #[test]
    fn what_is_cut_off_is_missed_and_what_is_before_it_stays() {
        let mut copy = Copy::new();
        for (serial, lat) in [(1, 1), (2, 2), (3, 1), (4, 1), (5, 3)] {
            copy.read(place(lat), serial, None);
        }
        let mut garbage = Vec::new();
        let mut places = copy.logs.cut_after(2, &mut garbage);
        places.sort_unstable();
        assert_eq!(places, [place(1), place(3)]);
        assert_eq!(garbage.len(), 3);
        // Indexes are not given out twice, and whoever has read 3 misses a note.
        assert_eq!(copy.kept(place(1)), [5]);
        let page = PageLimit::default();
        let missed = |copy: &mut Copy, lat: i32, after: u64| {
            let after = Index::new(after);
            let page = copy.logs.read(place(lat), after, page, Duration::ZERO);
            page.missed
        };
        assert_eq!(missed(&mut copy, 1, 3), 1);
        assert_eq!(copy.kept(place(2)), [1]);
        assert_eq!(missed(&mut copy, 2, 1), 0);
        assert_eq!(copy.kept(place(3)), [0; 0]);
        let usage = copy.logs.usage();
        assert_eq!((usage.notes, usage.places), (2, 2));
        (copy.seen, copy.gap) = (2, 2);
        assert_eq!(copy.read(place(2), 3, Some((2, 2))), 0);
        assert_eq!(copy.kept(place(2)), [1, 2]);
    }

    #[test]
    fn where_nothing_is_gone_nothing_is_missed() {
        let mut copy = Copy::new();
        for (serial, context) in (1..).zip([None, Some((0, 0)), Some((1, 7)), Some((9, 9))]) {
            assert_eq!(copy.read(place(1), serial, context), 0, "{serial}");
        }
        assert_eq!(copy.kept(place(1)), [1, 2, 3, 4]);
    }
}
