//! Files made here byte by byte, good and bad.

use std::io::Write;

use super::testing::{bytes, number, packed, zigzag};
use super::*;
use crate::options::Naming;
use crate::testing::{read_text, summary};

/// A blob with its header, its data in field 1 (as it is) or another.
fn blob(kind: &str, field: u32, data: &[u8], raw_size: usize) -> Vec<u8> {
    let blob = [bytes(field, data), number(2, raw_size as u64)].concat();
    let header = [bytes(1, kind.as_bytes()), number(3, blob.len() as u64)].concat();
    let length = u32::try_from(header.len()).unwrap().to_be_bytes();
    [length.to_vec(), header, blob].concat()
}

fn raw(kind: &str, data: &[u8]) -> Vec<u8> {
    blob(kind, 1, data, data.len())
}

fn head() -> Vec<u8> {
    raw("OSMHeader", &bytes(4, b"OsmSchema-V0.6"))
}

fn strings(strings: &[&[u8]]) -> Vec<u8> {
    bytes(
        1,
        &strings
            .iter()
            .map(|s| bytes(1, s))
            .collect::<Vec<_>>()
            .concat(),
    )
}

fn node(id: i64, tags: &[[u64; 2]], lat: i64, lon: i64) -> Vec<u8> {
    let node = [
        number(1, zigzag(id)),
        packed(2, tags.iter().map(|tag| tag[0])),
        packed(3, tags.iter().map(|tag| tag[1])),
        number(8, zigzag(lat)),
        number(9, zigzag(lon)),
    ];
    bytes(1, &node.concat())
}

fn dense(ids: &[i64], lats: &[i64], lons: &[i64], keys_vals: &[u64]) -> Vec<u8> {
    let signed = |field, values: &[i64]| packed(field, values.iter().copied().map(zigzag));
    let dense = [
        signed(1, ids),
        signed(8, lats),
        signed(9, lons),
        packed(10, keys_vals.iter().copied()),
    ];
    bytes(2, &dense.concat())
}

fn file(block: &[u8]) -> Vec<u8> {
    [head(), raw("OSMData", block)].concat()
}

fn load(file: &[u8]) -> Result<Vec<String>, String> {
    read_text(Format::OsmPbf, file, &Options::default())
}

fn check_block(block: &[Vec<u8>], expected: &[&str]) {
    let expected = expected.iter().map(|&line| line.to_owned()).collect();
    assert_eq!(load(&file(&block.concat())), Ok(expected));
}

const STRINGS: [&[u8]; 5] = [b"", b"name", b"a", b"name:de", b"M\xfc"];

#[test]
fn nodes_are_read_alone_and_dense() {
    let group = [
        node(17, &[[3, 1], [1, 2]], 407_838_351, -746_143_763),
        node(18, &[[3, 2]], 5, 6),
        dense(
            &[-3, 1, 1],
            &[900_000_000, -1_800_000_000, 0],
            &[1_800_000_000, -3_600_000_000, 1],
            &[1, 2, 0, 0, 3, 1, 1, 3, 0],
        ),
    ];
    let block = [strings(&STRINGS), bytes(2, &group.concat())];
    check_block(
        &block,
        &[
            "407838351,-746143763,a",
            "900000000,1800000000,a",
            "-900000000,-1799999999,name:de",
        ],
    );
    let (_, counts) = summary(Format::OsmPbf, &file(&block.concat()), &Options::default());
    assert_eq!(counts.unwrap().skipped.no_name, 2);
}

#[test]
fn the_tag_can_be_chosen() {
    let block = [
        strings(&STRINGS),
        bytes(2, &node(1, &[[1, 1], [3, 2]], 5, 6)),
    ]
    .concat();
    let load = |name_field: Option<&str>| {
        let options = Options {
            name: name_field.map_or(Naming::Nothing, |field| Naming::Field(field.to_owned())),
            ..Options::default()
        };
        read_text(Format::OsmPbf, &file(&block), &options).unwrap()
    };
    assert_eq!(load(Some("name:de")), ["5,6,a"]);
    assert_eq!(load(Some("ref")), Vec::<String>::new());
    assert_eq!(load(None), ["5,6,"]);
}

#[test]
fn ways_relations_and_changesets_are_counted() {
    let group = [
        bytes(3, b""),
        bytes(3, b"\x08\x01"),
        bytes(4, b""),
        bytes(5, b""),
    ];
    let block = [strings(&STRINGS), bytes(2, &group.concat())].concat();
    let (items, counts) = summary(Format::OsmPbf, &file(&block), &Options::default());
    assert!(items.is_empty(), "{items:?}");
    assert_eq!(counts.unwrap().skipped.not_points, 4);
}

#[test]
fn granularity_and_offsets_are_in_nanodegrees() {
    // 1e-9 × (offset + granularity × value), rounded half away from zero to 1e-7.
    let block = [
        bytes(2, &node(1, &[[1, 2]], 3, -3)),
        number(17, 50),
        number(19, 1_000_000_000),
        number(20, (-1_000_000_000_i64).cast_unsigned()),
        strings(&STRINGS),
    ];
    check_block(&block, &["10000002,-10000002,a"]);
    let block = [
        strings(&STRINGS),
        number(17, 1_000_000),
        bytes(2, &node(7, &[[1, 2]], i64::MAX, 0)),
    ];
    check_block(
        &block,
        &["x: block at byte 37, node 7: latitude 9223372036854776 is outside ±90 degrees"],
    );
}

/// A string of 64 KiB and five million nodes that name it fit into a block, and would have been 366 GB of names.
#[test]
fn the_nodes_of_a_block_repeat_its_strings_only_in_proportion() {
    let name = "n".repeat(60_000);
    let nodes = 200;
    let still = vec![0; nodes];
    let tags: Vec<u64> = [1, 2, 0].repeat(nodes);
    let table = strings(&[b"", b"name", name.as_bytes()]);
    let block = [table, bytes(2, &dense(&still, &still, &still, &tags))].concat();
    let (items, counts) = summary(Format::OsmPbf, &file(&block), &Options::default());
    // 64 times the block, of which the name is the most.
    assert_eq!(counts.unwrap().rows, 65);
    let (length, limit) = (block.len(), 64 * block.len());
    let refused = format!(
        "x: block at byte 37, node 0: {length} bytes of input may give {limit} bytes of names, and there are more"
    );
    assert!(items[65..].iter().all(|item| *item == refused));
}

/// Writers may leave a table unfinished and begin another, as with any field of Protobuf.
#[test]
fn tables_of_strings_follow_one_another() {
    let block = [
        bytes(2, &node(1, &[[1, 3]], 5, 6)),
        strings(&[b"", b"name"]),
        number(9, 1),
        strings(&[b"a", b"b"]),
    ];
    check_block(&block, &["5,6,b"]);
}

#[test]
fn a_node_that_is_wrong_is_rejected() {
    let check = |node: Vec<u8>, expected: &str| {
        let group = [node, self::node(8, &[[1, 2]], 5, 6)].concat();
        let expected = format!("x: block at byte 37, node 7: {expected}");
        check_block(
            &[strings(&STRINGS), bytes(2, &group)],
            &[&expected, "5,6,a"],
        );
    };
    check(
        node(7, &[[1, 4]], 0, 0),
        "the name \"M\u{fffd}\" is not UTF-8",
    );
    check(
        node(7, &[[1, 5]], 0, 0),
        "its name is string 5, but the block has 5 strings",
    );
    check(
        node(7, &[[1, 2]], 900_000_001, 0),
        "latitude 90.0000001 is outside ±90 degrees",
    );
    check(
        dense(&[7], &[0], &[-1_800_000_001], &[1, 2, 0]),
        "longitude -180.0000001 is outside ±180 degrees",
    );
    check(
        bytes(
            1,
            &[
                number(1, zigzag(7)),
                number(9, 0),
                packed(2, [1]),
                packed(3, [2]),
            ]
            .concat(),
        ),
        "there is no latitude",
    );
}

/// A block of LZ4 without a match: a token, the length of the literal, and the literal.
fn lz4(block: &[u8]) -> Vec<u8> {
    let more = u8::try_from(block.len() - 15).unwrap();
    assert!((15..270).contains(&block.len()));
    [&[0xf0, more][..], block].concat()
}

#[test]
fn blocks_are_unpacked() {
    let block = [strings(&STRINGS), bytes(2, &node(1, &[[1, 2]], 5, 6))].concat();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(&block).unwrap();
    let zlib = zlib.finish().unwrap();
    let zstd = zstd::encode_all(&*block, 1).unwrap();
    let load = |field, data: &[u8], raw_size| {
        load(&[head(), blob("OSMData", field, data, raw_size)].concat())
    };
    let lz4 = lz4(&block);
    for (field, data) in [(1, &block), (3, &zlib), (6, &lz4), (7, &zstd)] {
        assert_eq!(load(field, data, block.len()), Ok(vec!["5,6,a".into()]));
    }
    let check = |field, data: &[u8], raw_size, expected: &str| {
        let expected = Err(format!("cannot import x: {expected}"));
        assert_eq!(load(field, data, raw_size), expected);
    };
    check(
        3,
        &zlib,
        block.len() + 1,
        &format!(
            "byte 37: the block unpacks to {} bytes instead of {}",
            block.len(),
            block.len() + 1
        ),
    );
    check(
        3,
        &zlib[..zlib.len() - 5],
        block.len(),
        "byte 37: the block cannot be unpacked: incomplete deflate stream",
    );
    check(
        6,
        &lz4[..lz4.len() - 5],
        block.len(),
        "byte 37: the block cannot be unpacked: literal is out of bounds of the input",
    );
    for raw_size in [usize::MAX, block.len() - 1, 0] {
        assert!(load(6, &lz4, raw_size).is_err(), "{raw_size}");
    }
    check(
        5,
        b"",
        0,
        "its blocks are compressed with bzip2; only zlib, lz4 and zstd are read",
    );
    let mut wide = zstd::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(26).unwrap();
    wide.write_all(&block).unwrap();
    let wide = wide.finish().unwrap();
    let error = load(7, &wide, block.len()).unwrap_err();
    let expected =
        "cannot import x: byte 37: the block cannot be unpacked: Frame requires too much memory";
    assert!(error.starts_with(expected), "{error}");
    let bomb = zstd::encode_all(&*vec![0; 40 << 20], 1).unwrap();
    check(
        7,
        &bomb,
        40 << 20,
        "byte 37: the record is longer than 33554432 bytes",
    );
}

#[test]
fn files_of_another_kind_are_refused() {
    let check = |file: &[u8], expected: &str| {
        assert_eq!(load(file), Err(format!("cannot import x: {expected}")));
    };
    check(b"", "not osm-pbf: the file is empty");
    check(b"abc", "byte 0: the file ends within a block");
    check(
        b"<osm version='0.6'>",
        "not osm-pbf: the first block would have a header of 1013937005 bytes",
    );
    check(
        &raw("OSMData", b""),
        "not osm-pbf: the first block is of type \"OSMData\"",
    );
    check(
        &raw("OSMHeader", &bytes(4, b"HistoricalInformation")),
        "it is a history file, with all versions of everything; only files of one moment are read, as `osmium time-filter` makes them",
    );
    check(
        &raw("OSMHeader", &bytes(4, b"Tiles")),
        "it requires the feature \"Tiles\", which is not supported",
    );
    assert_eq!(load(&head()), Ok(vec![]));
    assert_eq!(load(&[head(), raw("Other", b"?")].concat()), Ok(vec![]));
}

#[test]
fn a_damaged_block_is_an_error() {
    let check = |group: &[u8], expected: &str| {
        let block = [strings(&STRINGS), bytes(2, group)].concat();
        let expected = format!("cannot import x: byte 37: {expected}");
        assert_eq!(load(&file(&block)), Err(expected));
    };
    let broken = "this is not Protobuf";
    check(&[0xff], broken);
    check(b"\x0a\x05", broken);
    check(b"\x0b\x0c", broken);
    check(&node(1, &[], 0, 0)[..9], broken);
    let uneven = "the dense nodes have lists of different lengths";
    check(&dense(&[1, 1], &[0], &[0, 0], &[]), uneven);
    check(&dense(&[1], &[0, 0], &[0], &[]), uneven);
    check(&dense(&[1, 1], &[0, 0], &[0, 0], &[0]), uneven);
    check(&dense(&[1], &[0], &[0], &[1]), uneven);
}

#[test]
fn a_file_cut_anywhere_yields_no_more_than_the_whole() {
    let block = [strings(&STRINGS), bytes(2, &node(1, &[[1, 2]], 5, 6))].concat();
    let whole = file(&block);
    let between = [head().len(), whole.len()];
    for length in 0..=whole.len() {
        let (items, outcome) = summary(Format::OsmPbf, &whole[..length], &Options::default());
        assert_eq!(outcome.is_ok(), between.contains(&length), "{length}");
        assert!(items.len() <= 1, "{length}");
    }
}

#[test]
fn lists_need_not_be_packed() {
    let unpacked = [
        number(1, zigzag(1)),
        number(2, 3),
        number(2, 1),
        number(3, 1),
        number(3, 2),
        number(8, zigzag(5)),
        number(9, zigzag(6)),
    ];
    let block = [strings(&STRINGS), bytes(2, &bytes(1, &unpacked.concat()))];
    check_block(&block, &["5,6,a"]);
}
