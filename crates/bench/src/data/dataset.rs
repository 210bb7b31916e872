//! Data sets to measure with: made up, but shaped as real ones are.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use route_guide_geo::E7Point;
use route_guide_proto::routeguide::Feature;

use crate::data::random::Random;

/// How many towns there are, over which four fifths of all features are spread.
const TOWNS: u64 = 2_000;
/// One in so many features lies anywhere.
const UNIFORM_SHARE: u64 = 5;

const ADJECTIVES: [&str; 12] = [
    "Old", "New", "Upper", "Lower", "Green", "White", "Grand", "Little", "Royal", "Quiet", "North",
    "South",
];
const KINDS: [&str; 16] = [
    "Bakery", "Bridge", "Chapel", "Cinema", "Clinic", "Court", "Ferry", "Garden", "Hotel",
    "Library", "Market", "Mill", "Museum", "School", "Station", "Tower",
];
const TOWN_STARTS: [&str; 16] = [
    "Ash", "Birch", "Black", "Clear", "East", "Elm", "Fair", "Glen", "Haver", "King", "Lake",
    "Maple", "Oak", "River", "Stone", "West",
];
const TOWN_ENDS: [&str; 12] = [
    "bourne", "bridge", "brook", "bury", "dale", "field", "ford", "ham", "haven", "mouth", "stead",
    "wick",
];
const REGIONS: [&str; 8] = ["CT", "MA", "ME", "NH", "NJ", "NY", "PA", "VT"];

/// A set of made-up features: four of five in 2000 towns, the others anywhere, with names of about 33 characters.
///
/// Every feature follows from the seed and its number alone, so a data set of any size takes no memory, and a smaller one
/// is the beginning of a larger one.
///
/// # Examples
///
/// ```
/// use route_guide_bench::Dataset;
///
/// let dataset = Dataset::new(1, 1_000_000);
/// assert_eq!(dataset.features().take(3).count(), 3);
/// assert_eq!(dataset.feature(999_999), dataset.feature(999_999));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dataset {
    seed: u64,
    len: u64,
}

impl Dataset {
    /// Makes the data set of this seed with so many features.
    #[must_use]
    pub const fn new(seed: u64, len: u64) -> Self {
        Self { seed, len }
    }

    /// Returns how many features there are.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.len
    }

    /// Tells whether there is no feature.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Returns the seed.
    #[must_use]
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// Returns where a feature is.
    #[must_use]
    pub fn location(self, number: u64) -> E7Point {
        self.make(number).0
    }

    /// Returns a feature.
    #[must_use]
    pub fn feature(self, number: u64) -> Feature {
        let (location, town, mut random) = self.make(number);
        let mut of_town = Random::new(self.seed, u64::MAX - town);
        let name = format!(
            "{} {} {number}, {}{}, {}",
            random.pick(&ADJECTIVES),
            random.pick(&KINDS),
            of_town.pick(&TOWN_STARTS),
            of_town.pick(&TOWN_ENDS),
            of_town.pick(&REGIONS),
        );
        Feature {
            name,
            location: Some(location.into()),
        }
    }

    /// Returns all features in order.
    pub fn features(self) -> impl Iterator<Item = Feature> {
        (0..self.len).map(move |number| self.feature(number))
    }

    /// Returns all locations in order.
    pub fn locations(self) -> impl Iterator<Item = E7Point> {
        (0..self.len).map(move |number| self.location(number))
    }

    /// Where a feature is, the number of its town, and random numbers for the rest of it.
    fn make(self, number: u64) -> (E7Point, u64, Random) {
        let mut random = Random::new(self.seed, number);
        let town = random.below(TOWNS);
        let (lat, lon) = if random.below(UNIFORM_SHARE) == 0 {
            (90.0 * random.signed(), 180.0 * random.signed())
        } else {
            let mut of_town = Random::new(!self.seed, town);
            // From a village of one kilometre to a city of thirty.
            let spread = 0.01 * 30_f64.powf(of_town.signed().midpoint(1.0));
            let (lat, lon) = (65.0 * of_town.signed(), 180.0 * of_town.signed());
            (
                lat + spread * bell(&mut random),
                lon + spread * bell(&mut random),
            )
        };
        (point(lat, lon), town, random)
    }

    /// Makes a file of the data set, the array of the published JSON file.
    ///
    /// The file appears whole or not at all, and takes the place of no other kind of thing. A link stays one: what it leads to
    /// is replaced. The permissions of an old file stay.
    ///
    /// # Errors
    ///
    /// What the system says if the file cannot be written.
    pub fn save_json(self, path: &Path) -> io::Result<()> {
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let kind = io::ErrorKind::AlreadyExists;
            return Err(io::Error::new(kind, "there is something that is no file"));
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let unfinished = path.with_extension("unfinished");
        let file = File::create(&unfinished)?;
        if let Ok(old) = fs::metadata(&path) {
            file.set_permissions(old.permissions())?;
        }
        self.write_json(&file)?;
        file.sync_all()?;
        fs::rename(unfinished, path)
    }

    /// Writes the data set as the array of the published JSON file.
    ///
    /// # Errors
    ///
    /// What the system says if it cannot be written.
    pub fn write_json(self, out: impl Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, out);
        out.write_all(b"[")?;
        for (number, feature) in self.features().enumerate() {
            let separator = if number == 0 { "\n" } else { ",\n" };
            let Feature { name, location } = feature;
            let location = location.unwrap_or_default();
            // No name has a character that JSON would want escaped.
            write!(
                out,
                r#"{separator}{{"location":{{"latitude":{},"longitude":{}}},"name":"{name}"}}"#,
                location.latitude, location.longitude,
            )?;
        }
        out.write_all(b"\n]\n")?;
        out.flush()
    }
}

/// A number near 0, rarely near -3 or 3: nearly the normal distribution.
fn bell(random: &mut Random) -> f64 {
    random.signed() + random.signed() + random.signed()
}

/// The point at these degrees, or on the edge of the globe if they are off it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "E7 degrees on the globe fit, and others saturate"
)]
fn point(lat: f64, lon: f64) -> E7Point {
    let e7 = |degrees: f64, bound: i32| ((degrees * 1e7).round() as i32).clamp(-bound, bound);
    E7Point::unbounded(e7(lat, E7Point::MAX_LAT), e7(lon, E7Point::MAX_LON))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_smaller_data_set_is_the_beginning_of_a_larger_one() {
        let large = Dataset::new(7, 1_000);
        let small: Vec<_> = Dataset::new(7, 10).features().collect();
        assert_eq!(small, large.features().take(10).collect::<Vec<_>>());
        assert_ne!(Dataset::new(8, 10).feature(0), small[0]);
    }

    #[test]
    fn names_are_unique_and_about_33_characters_long() {
        // At the end of a million the numbers have six digits, as most have.
        let dataset = Dataset::new(1, 1_000_000);
        let names: HashSet<_> = (900_000..910_000)
            .map(|number| dataset.feature(number).name)
            .collect();
        assert_eq!(names.len(), 10_000);
        let bytes: usize = names.iter().map(String::len).sum();
        assert!(
            (310_000..350_000).contains(&bytes),
            "{bytes} in 10 000 names"
        );
    }

    #[test]
    fn features_are_crowded_in_towns() {
        let points: Vec<_> = Dataset::new(1, 20_000).locations().collect();
        assert!(
            points
                .iter()
                .all(|p| E7Point::new(p.lat(), p.lon()).is_ok())
        );
        // Squares of one degree: 64 800 on the globe. Were all uniform, 20 000 points would fill about 17 200.
        let squares: HashSet<_> = points
            .iter()
            .map(|p| {
                (
                    p.lat().div_euclid(10_000_000),
                    p.lon().div_euclid(10_000_000),
                )
            })
            .collect();
        assert!((4_000..9_000).contains(&squares.len()), "{}", squares.len());
    }

    #[test]
    fn the_file_is_the_published_shape() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("features.json");
        let dataset = Dataset::new(3, 50);
        dataset.save_json(&path).unwrap();
        let read: Vec<Feature> = serde_json::from_reader(File::open(path).unwrap()).unwrap();
        assert_eq!(read, dataset.features().collect::<Vec<_>>());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(dataset.save_json(folder.path()).is_err());
    }

    #[test]
    fn a_link_to_the_file_stays_one_and_its_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (
            folder.path().join("real.json"),
            folder.path().join("link.json"),
        );
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        Dataset::new(3, 5).save_json(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(fs::read_to_string(&file).unwrap().starts_with("[\n"));
    }
}
