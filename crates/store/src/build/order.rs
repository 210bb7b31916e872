//! The order of a data set.

/// The order of the features of a data set, in which queries return them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Along the curve of the index, so that features of an area are neighbours. Lists are fastest and files smallest.
    Spatial,
    /// As they were pushed.
    Input,
}
