use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    TableError, WriteTransaction,
};

use super::caught::caught;
use super::fault::{Cause, StoreFault, VERSION};
use super::record::{Record, decode, encode, nanoseconds};
use crate::logs::Serial;
use crate::note::{Draft, Index};
use crate::notebook::unique_number;

/// The notes by serial, as [`Record`] says.
const NOTES: TableDefinition<'_, Serial, &[u8]> = TableDefinition::new("notes");

/// [`VERSION`] under "version", and what [`Marks`] says.
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// How the database is opened; tests put faults between it and the disk.
pub(super) type Connect = Box<dyn Fn(&Path) -> Result<Database, redb::DatabaseError> + Send>;

/// The notes on disk.
///
/// A commit either takes effect as a whole or not at all. After one that failed, the database is opened anew, since it
/// does not trust its own memory then, and what the failed commit may have left is removed.
pub(super) struct Store {
    file: PathBuf,
    connect: Connect,
    /// `None` after a failure.
    database: Option<Database>,
    /// How many notes the last commit left.
    rows: u64,
    /// One behind the last note whose commit succeeded.
    next_serial: Serial,
}

/// What every commit stores beside the notes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// The latest time that any commit has seen; under "seen", in nanoseconds.
    pub(super) seen: Duration,
    /// The highest index of a log that is gone with its notes; under "retired".
    pub(super) retired: Index,
}

/// What is stored beside the notes, as it was when the store was opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened {
    /// The number that the store was given when it was made; under "numbering".
    pub(super) numbering: u64,
    pub(super) marks: Marks,
}

/// A note about to be committed.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) draft: Draft,
    pub(super) serial: Serial,
    pub(super) index: Index,
    pub(super) written: Duration,
}

impl Store {
    /// Opens the store, checks all of it, and returns what is stored beside the notes.
    pub(super) fn open(file: &Path, connect: Connect) -> Result<(Self, Opened), StoreFault> {
        let mut store = Self {
            file: file.to_owned(),
            connect,
            database: None,
            rows: 0,
            next_serial: 0,
        };
        let opened = store.guarded(|store| {
            match fs::metadata(&store.file) {
                // A store never has the length 0: it gets its name when it is whole.
                Ok(found) if found.len() == 0 => return Err(Cause::Damaged("it is empty".into())),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => store.make()?,
                Err(error) => return Err(reported(error)),
            }
            let mut database = (store.connect)(&store.file).map_err(reported)?;
            if !database.check_integrity().map_err(reported)? {
                return Err(Cause::Damaged("it was damaged behind its checksums".into()));
            }
            let opened = identify(&database)?;
            store.database = Some(database);
            Ok(opened)
        })?;
        Ok((store, opened))
    }

    /// Makes an empty store under another name and gives it its own when it is whole: one that was left half made, by a
    /// full disk or a kill, would be taken for a damaged one ever after.
    fn make(&self) -> Result<(), Cause> {
        let half_made = self.file.with_extension("redb.new");
        let made = self.make_as(&half_made);
        if made.is_err() {
            // It takes room, perhaps the room that was missing. The next start tries again in any case.
            let _ = fs::remove_file(&half_made);
        }
        made
    }

    fn make_as(&self, half_made: &Path) -> Result<(), Cause> {
        match fs::remove_file(half_made) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(reported(error)),
            _ => {}
        }
        let database = (self.connect)(half_made).map_err(reported)?;
        create(&database).map_err(Cause::Reported)?;
        drop(database);
        fs::rename(half_made, &self.file).map_err(reported)
    }

    /// Hands every note in the store to `restore`, oldest first. To be called once, before the first commit.
    pub(super) fn load(
        &mut self,
        mut restore: impl FnMut(Serial, Record),
    ) -> Result<(), StoreFault> {
        self.guarded(|store| {
            let database = store.connected()?;
            let reading = database.begin_read().map_err(reported)?;
            let notes = reading.open_table(NOTES).map_err(reported)?;
            for row in notes.iter().map_err(reported)? {
                let (serial, bytes) = row.map_err(reported)?;
                let serial = serial.value();
                let record = decode(serial, bytes.value())
                    .map_err(|what| Cause::Damaged(format!("note {serial} is damaged: {what}")))?;
                restore(serial, record);
                store.rows += 1;
                store.next_serial = serial + 1;
            }
            let (found, expected) = (store.rows, notes.len().map_err(reported)?);
            if found != expected {
                return Err(Cause::Damaged(format!(
                    "{found} of {expected} notes are there"
                )));
            }
            store.database = Some(database);
            Ok(())
        })
    }

    /// Writes notes and removes others. When it returns without an error, that is on disk.
    pub(super) fn commit(
        &mut self,
        notes: &[Planned],
        forgotten: &[Serial],
        marks: Marks,
    ) -> Result<(), StoreFault> {
        self.guarded(|store| {
            let database = store.connected()?;
            let writing = begin(&database).map_err(Cause::Reported)?;
            let rows = change(&writing, notes, forgotten, marks).map_err(Cause::Reported)?;
            writing.commit().map_err(reported)?;
            store.database = Some(database);
            store.rows = rows;
            if let Some(last) = notes.last() {
                store.next_serial = last.serial + 1;
            }
            Ok(())
        })
    }

    /// Takes the database out, opening it anew if a commit has failed before.
    fn connected(&mut self) -> Result<Database, Cause> {
        if let Some(database) = self.database.take() {
            return Ok(database);
        }
        let database = (self.connect)(&self.file).map_err(reported)?;
        let writing = begin(&database).map_err(Cause::Reported)?;
        let left = undo(&writing, self.next_serial).map_err(Cause::Reported)?;
        if left != self.rows {
            let rows = self.rows;
            return Err(Cause::Damaged(format!("{left} of {rows} notes are there")));
        }
        writing.commit().map_err(reported)?;
        Ok(database)
    }

    /// Runs `action` so that neither an error nor a panic in the store gets any further.
    fn guarded<T>(
        &mut self,
        action: impl FnOnce(&mut Self) -> Result<T, Cause>,
    ) -> Result<T, StoreFault> {
        // What a panic leaves half done is the database, and that is dropped with it.
        caught(|| action(self))
            .unwrap_or(Err(Cause::Panicked))
            .map_err(|cause| StoreFault::new(&self.file, cause))
    }
}

/// Makes sure that these are our tables, and returns what is stored beside the notes.
fn identify(database: &Database) -> Result<Opened, Cause> {
    let reading = database.begin_read().map_err(reported)?;
    let meta = match reading.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(Cause::Reported(error.into())),
        Err(_) => return Err(Cause::Damaged("it is not a notebook".into())),
    };
    let number = |key: &str| -> Result<u64, Cause> {
        let value = meta.get(key).map_err(reported)?;
        let value = value.ok_or_else(|| Cause::Damaged(format!("it has no {key}")))?;
        Ok(value.value())
    };
    let version = number("version")?;
    if version != VERSION {
        return Err(Cause::Version(version));
    }
    Ok(Opened {
        numbering: number("numbering")?,
        marks: Marks {
            seen: Duration::from_nanos(number("seen")?),
            retired: Index::new(number("retired")?),
        },
    })
}

/// Makes the tables, so that an empty notebook can be told from a file of something else.
fn create(database: &Database) -> Result<(), redb::Error> {
    let writing = begin(database)?;
    writing.open_table(NOTES)?;
    {
        let mut meta = writing.open_table(META)?;
        meta.insert("version", VERSION)?;
        meta.insert("seen", 0)?;
        meta.insert("retired", 0)?;
        meta.insert("numbering", unique_number())?;
    }
    Ok(writing.commit()?)
}

fn begin(database: &Database) -> Result<WriteTransaction, redb::Error> {
    let mut writing = database.begin_write()?;
    writing.set_durability(Durability::Immediate)?;
    Ok(writing)
}

fn change(
    writing: &WriteTransaction,
    added: &[Planned],
    forgotten: &[Serial],
    marks: Marks,
) -> Result<u64, redb::Error> {
    let mut notes = writing.open_table(NOTES)?;
    for serial in forgotten {
        notes.remove(serial)?;
    }
    let mut buffer = Vec::new();
    for note in added {
        encode(
            &mut buffer,
            note.serial,
            &note.draft,
            note.index,
            note.written,
        );
        notes.insert(note.serial, buffer.as_slice())?;
    }
    let mut meta = writing.open_table(META)?;
    meta.insert("seen", nanoseconds(marks.seen))?;
    meta.insert("retired", marks.retired.get())?;
    Ok(notes.len()?)
}

/// Removes what a commit has written that was reported as failed, and returns how many notes are left.
fn undo(writing: &WriteTransaction, next_serial: Serial) -> Result<u64, redb::Error> {
    let mut notes = writing.open_table(NOTES)?;
    notes.retain_in(next_serial.., |_, _| false)?;
    Ok(notes.len()?)
}

fn reported(error: impl Into<redb::Error>) -> Cause {
    Cause::Reported(error.into())
}
