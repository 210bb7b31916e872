//! Collecting features before they become a data set.

use std::path::Path;

use route_guide_geo::E7Point;

use crate::build::error::{PushError, WriteError};
use crate::build::names::Names;
use crate::build::order::Order;
use crate::build::plan::Plan;
use crate::build::points::Points;
use crate::build::replace;
use crate::format::image::Image;
use crate::format::layout::MAX_LEN;
use crate::format::record::MAX_NAME_BYTES;
use crate::info::Info;
use crate::store::Store;

/// Collects features for a [`Store`] or a snapshot file.
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
    points: Points,
    names: Names,
}

impl Builder {
    /// Makes a builder without features.
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
        if self.len() >= MAX_LEN {
            return Err(PushError::TooMany);
        }
        let name_bytes = name.len();
        if name_bytes > MAX_NAME_BYTES {
            return Err(PushError::NameTooLong { name_bytes });
        }
        self.points.push(location);
        self.names.push(name);
        Ok(())
    }

    /// Returns the number of features.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.points.len()
    }

    /// Returns whether there is no feature yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes a store in memory.
    #[must_use]
    pub fn into_store(self, order: Order) -> Store {
        Store::of(self.into_image(order))
    }

    pub(crate) fn into_image(self, order: Order) -> Image {
        Plan::new(self.points, self.names, order).into_image()
    }

    /// Checks that [`write`](Self::write) can write to `path`, before the work that leads to it is done.
    ///
    /// # Errors
    ///
    /// [`WriteError::NotAFile`] if `path` is something other than a file, [`WriteError::Create`] if no file can be
    /// created there.
    pub fn check_output(path: &Path) -> Result<(), WriteError> {
        replace::check(path)
    }

    /// Writes a snapshot file.
    ///
    /// It is written as a temporary file in the same folder, which is renamed to `path` only when it is complete and on
    /// the disk: at any moment, and after a crash at any moment, there is the old file or the new one. If `path` is a
    /// symbolic link, its target is replaced and the link stays. The new file gets the permissions of the old one.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the file cannot be written, for instance because the disk is full.
    pub fn write(self, order: Order, path: &Path) -> Result<Info, WriteError> {
        let plan = Plan::new(self.points, self.names, order);
        let header = replace::write(path, plan.file_bytes(), |file| plan.write(file))?;
        Ok(Info::new(&header, plan.extent()))
    }
}

impl Store {
    /// Makes a store of points with their names, in this order.
    ///
    /// # Panics
    ///
    /// If there are more than 2³² − 2 features, or a name is longer than 2 GiB.
    ///
    /// # Examples
    ///
    /// ```
    /// use route_guide_geo::E7Point;
    /// use route_guide_store::Store;
    ///
    /// let store = Store::from_features([(E7Point::default(), "here"), (E7Point::default(), "here, too")]);
    /// assert_eq!(store.find(E7Point::default())?.map(|feature| feature.name()), Some("here"));
    /// # Ok::<(), route_guide_store::CorruptRecord>(())
    /// ```
    pub fn from_features<N: AsRef<str>>(features: impl IntoIterator<Item = (E7Point, N)>) -> Self {
        let mut builder = Builder::new();
        for (location, name) in features {
            builder
                .push(location, name.as_ref())
                .expect("so many features, or so long a name, is documented to panic");
        }
        builder.into_store(Order::Input)
    }
}
