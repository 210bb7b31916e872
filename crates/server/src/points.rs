//! From messages on the wire to the types of the domain.

use route_guide_geo::{E7Point, E7Rectangle};
use route_guide_proto::routeguide as pb;

use crate::error::RpcError;

/// Which points a server accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointRule {
    /// Points on the globe; others are refused with `INVALID_ARGUMENT`.
    #[default]
    OnGlobe,
    /// Any two integers, as the tutorial's server does.
    AnyInteger,
}

impl PointRule {
    /// Reads a request that is a point.
    pub(crate) fn point(self, wire: pb::Point) -> Result<E7Point, RpcError> {
        self.check("", wire)
    }

    /// Reads a message field that holds a point.
    pub(crate) fn field(
        self,
        field: &'static str,
        wire: Option<pb::Point>,
    ) -> Result<E7Point, RpcError> {
        // Protobuf's rule: an unset message field reads as its default, here the point 0,0.
        self.check(field, wire.unwrap_or_default())
    }

    /// Reads a request that is a rectangle.
    pub(crate) fn rectangle(self, wire: pb::Rectangle) -> Result<E7Rectangle, RpcError> {
        let lo = self.field("lo", wire.lo)?;
        let hi = self.field("hi", wire.hi)?;
        Ok(E7Rectangle::new(lo, hi))
    }

    fn check(self, parent: &'static str, wire: pb::Point) -> Result<E7Point, RpcError> {
        match self {
            Self::OnGlobe => {
                E7Point::try_from(wire).map_err(|source| RpcError::off_globe(parent, source))
            }
            Self::AnyInteger => Ok(E7Point::unbounded(wire.latitude, wire.longitude)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude: i32, longitude: i32) -> pb::Point {
        pb::Point {
            latitude,
            longitude,
        }
    }

    #[test]
    fn absent_corners_are_the_point_zero() {
        let corner = point(10, -10);
        let area = PointRule::OnGlobe
            .rectangle(pb::Rectangle {
                lo: None,
                hi: Some(corner),
            })
            .unwrap();
        assert_eq!(area.lo(), E7Point::new(0, -10).unwrap());
        assert_eq!(area.hi(), E7Point::new(10, 0).unwrap());
    }

    #[test]
    fn the_tutorials_rule_accepts_every_integer() {
        for extreme in [i32::MIN, i32::MAX] {
            let wire = point(extreme, extreme);
            assert!(PointRule::OnGlobe.point(wire).is_err());
            assert_eq!(
                pb::Point::from(PointRule::AnyInteger.point(wire).unwrap()),
                wire
            );
        }
    }
}
