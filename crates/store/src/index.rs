//! The packed spatial index, as a view of an image.

pub(crate) mod boxes;
pub(crate) mod curve;
pub(crate) mod hilbert;
pub(crate) mod hits;
pub(crate) mod lookup;
pub(crate) mod nearest;
mod ranges;

use route_guide_geo::{E7Point, E7Rectangle};

use self::boxes::Node;
use crate::format::image::Image;
use crate::format::layout::{BLOCK, Levels};
use crate::format::section::Section;

/// Points sorted along a Hilbert curve, with bounding boxes over blocks of them.
///
/// The place of a point in the sorted order is its *slot*; its place in the data set is its *position*. The answer to
/// a rectangle is a few ranges of slots, because points that are close to each other are mostly close on the curve
/// too, and all points of a box inside the rectangle are hits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Index<'a> {
    pub(crate) lats: &'a [i32],
    pub(crate) lons: &'a [i32],
    /// The boxes of all levels. A node of level 0 holds the boxes of sixteen blocks, one of level 1 the boxes of
    /// sixteen nodes of level 0, and so on. The last level is one node.
    pub(crate) nodes: &'a [Node],
    pub(crate) levels: &'a Levels,
    /// The position of each slot, absent if every slot is its own position.
    pub(crate) positions: Option<&'a [u32]>,
    /// Latitudes and longitudes by position; empty if there are no positions.
    pub(crate) by_position: (&'a [i32], &'a [i32]),
}

impl<'a> Index<'a> {
    pub(crate) fn of(image: &'a Image) -> Self {
        let coordinates = |section| bytemuck::cast_slice(image.section(section));
        Self {
            lats: image.lats(),
            lons: image.lons(),
            nodes: bytemuck::cast_slice(image.section(Section::Boxs)),
            levels: image.layout().levels(),
            positions: image.positions(),
            by_position: (coordinates(Section::Plat), coordinates(Section::Plon)),
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.lats.len()
    }

    pub(crate) fn point(&self, slot: u32) -> Option<E7Point> {
        let slot = slot as usize;
        Some(E7Point::unbounded(
            *self.lats.get(slot)?,
            *self.lons.get(slot)?,
        ))
    }

    pub(crate) fn point_at(&self, position: usize) -> Option<E7Point> {
        let (lats, lons) = match self.positions {
            Some(_) => self.by_position,
            None => (self.lats, self.lons),
        };
        Some(E7Point::unbounded(
            *lats.get(position)?,
            *lons.get(position)?,
        ))
    }

    /// Returns the data-set position of the point in a slot.
    pub(crate) fn position(&self, slot: u32) -> Option<u32> {
        let position = match self.positions {
            Some(positions) => *positions.get(slot as usize)?,
            None => slot,
        };
        ((position as usize) < self.len()).then_some(position)
    }

    pub(crate) fn node(&self, level: usize, node: usize) -> &'a Node {
        &self.nodes[self.levels.nodes(level)][node]
    }

    /// Returns the smallest rectangle around all points.
    pub(crate) fn bounds(&self) -> Option<E7Rectangle> {
        // The last node bounds everything. Its unused boxes are empty and do not extend the bounds.
        self.nodes.last().map(boxes::node_bounds)
    }

    /// Returns the coordinates of a block in the order of positions, `None` after the last block or without
    /// positions.
    pub(crate) fn block_by_position(&self, block: usize) -> Option<(&'a [i32], &'a [i32])> {
        let (lats, lons) = self.by_position;
        let start = block * BLOCK;
        let end = (start + BLOCK).min(lats.len());
        (start < end).then(|| (&lats[start..end], &lons[start..end]))
    }

    pub(crate) fn block(&self, block: usize) -> (&'a [i32], &'a [i32]) {
        let start = block * BLOCK;
        let end = (start + BLOCK).min(self.len());
        (&self.lats[start..end], &self.lons[start..end])
    }
}
