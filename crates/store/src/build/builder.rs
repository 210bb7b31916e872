//! Collecting features before they become a data set.

use std::error::Error;
use std::fmt;
use std::path::Path;

use route_guide_geo::E7Point;

use crate::build::names::Names;
use crate::build::plan::{self, Plan};
use crate::build::replace::{self, WriteError};
use crate::format::layout::MAX_LEN;
use crate::format::record::MAX_NAME_BYTES;
use crate::info::Info;
use crate::store::Store;

/// Features on their way into a [`Store`] or a snapshot file.
///
/// It holds their coordinates and names and nothing else. Making a data set of them needs about as much memory again;
/// both together stay below the size of the data set.
///
/// # Examples
///
/// ```
/// use route_guide_store::{Builder, Order, Store};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("places.rgs");
/// let mut builder = Builder::new();
/// builder.push("40.7838351,-74.6143763".parse()?, "Patriots Path")?;
/// builder.write(Order::Spatial, &path)?;
///
/// assert_eq!(Store::open(&path)?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    pub(crate) lats: Vec<i32>,
    pub(crate) lons: Vec<i32>,
    pub(crate) names: Names,
}

/// The order of the features of a data set, in which lists tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Along the curve of the index, so that those of an area are neighbours. Lists are fastest and files smallest.
    Spatial,
    /// As they were pushed.
    Input,
}

impl Builder {
    /// Begins without features.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a feature; an empty name means that it has none.
    ///
    /// # Errors
    ///
    /// [`PushError`] if there is no room for one more, or if the name is too long for any message.
    pub fn push(&mut self, location: E7Point, name: &str) -> Result<(), PushError> {
        if self.lats.len() >= MAX_LEN {
            return Err(PushError::TooMany);
        }
        let name_bytes = name.len();
        if name_bytes > MAX_NAME_BYTES {
            return Err(PushError::NameTooLong { name_bytes });
        }
        self.lats.push(location.lat());
        self.lons.push(location.lon());
        self.names.push(name);
        Ok(())
    }

    /// Returns how many features there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lats.len()
    }

    /// Tells whether there is no feature yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lats.is_empty()
    }

    /// Makes a store in memory.
    #[must_use]
    pub fn into_store(self, order: Order) -> Store {
        Store::of(plan::image(self, order))
    }

    /// Checks that [`write`](Self::write) can write to `path`, before the work that leads to it is done.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotAFile`] if there is something else than a file, [`WriteError::Create`] if there cannot be one.
    pub fn check_output(path: &Path) -> Result<(), WriteError> {
        replace::check(path)
    }

    /// Writes a snapshot file.
    ///
    /// It is written as a temporary file in the same folder, and takes the place of `path` only when it is complete
    /// and on the disk: at any moment, and after a crash at any moment, there is the old file or the new one. If `path` is
    /// a link, what it leads to is replaced and the link stays. The permissions of an old file stay too.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the file cannot be written, for instance because the disk is full.
    pub fn write(self, order: Order, path: &Path) -> Result<Info, WriteError> {
        let plan = Plan::new(self, order);
        let head = replace::write(path, &plan)?;
        Ok(Info::new(&plan, &head))
    }
}

/// The error for a feature that a data set cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// There are as many features as positions of 32 bits can number.
    TooMany,
    /// The name is longer than a message can be.
    NameTooLong {
        /// The length of the name.
        name_bytes: usize,
    },
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "more than {MAX_LEN} features"),
            Self::NameTooLong { name_bytes } => write!(
                f,
                "a name of {name_bytes} bytes is longer than {MAX_NAME_BYTES}"
            ),
        }
    }
}

impl Error for PushError {}
