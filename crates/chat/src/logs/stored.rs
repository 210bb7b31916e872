use std::time::Duration;

use route_guide_geo::E7Point;

use super::{Entry, NoteLogs, Serial, log_of};
use crate::note::{Draft, Index, Note};
use crate::notebook::Receipt;

/// For notes that are written to a store of this process's own before they are here, and read from there at its start.
impl NoteLogs {
    /// Reserves the next index of a place for a note that is first written elsewhere. The caller must follow it by a
    /// [`commit`](Self::commit) or an [`abort`](Self::abort) for the place, in the order of the reservations.
    pub(crate) fn reserve(&mut self, place: E7Point) -> Index {
        let log = log_of(&mut self.places, place, self.retired);
        log.reserved += 1;
        log.newest.plus(log.reserved)
    }

    /// Writes a note under the index that was reserved for it.
    pub(crate) fn commit(
        &mut self,
        draft: Draft,
        written: Duration,
        garbage: &mut Vec<Entry>,
    ) -> Receipt {
        if let Some(log) = self.places.get_mut(&draft.place()) {
            log.reserved = log.reserved.saturating_sub(1);
        }
        self.write(draft, written, garbage)
    }

    /// Gives up a reservation.
    pub(crate) fn abort(&mut self, place: E7Point) {
        if let Some(log) = self.places.get_mut(&place) {
            log.reserved = log.reserved.saturating_sub(1);
            self.drop_if_unused(place);
        }
    }

    /// Puts back a note that was kept elsewhere. To be called in the order of serials.
    pub(crate) fn restore(
        &mut self,
        note: Note,
        serial: Serial,
        written: Duration,
        garbage: &mut Vec<Entry>,
    ) {
        let place = note.place();
        // A log whose indexes begin anew had been forgotten before that, only not everywhere.
        while let Some(log) = self.places.get(&place)
            && log.newest.plus(1) != note.index()
        {
            match self.pop_front(place) {
                Some(entry) => garbage.push(entry),
                None => break,
            }
        }
        let log = self.places.entry(place).or_default();
        log.newest = note.index().minus(1);
        self.next_serial = serial;
        let (draft, _) = note.into_parts();
        self.write(draft, written, garbage);
    }

    /// Returns the index that is to be [retired](Self::retire) when what is stored is loaded again.
    pub(crate) fn retired(&self) -> Index {
        self.retired
    }

    /// Makes `serial` the serial of the next note, if that is later than what it was.
    pub(crate) fn resume_at(&mut self, serial: Serial) {
        self.next_serial = self.next_serial.max(serial);
    }

    /// Returns the serial of the next note.
    pub(crate) fn next_serial(&self) -> Serial {
        self.next_serial
    }
}

impl Entry {
    pub(crate) fn serial(&self) -> Serial {
        self.serial
    }
}
