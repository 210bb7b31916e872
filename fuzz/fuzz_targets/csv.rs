//! A table with commas, and tables laid out in any other way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use route_guide_fuzz::{import, import_with};
use route_guide_import::{Column, Format, Options, Table, Unit};

fuzz_target!(|bytes: &[u8]| {
    import(Format::Csv, bytes);
    // The first bytes choose the layout of the rest.
    let Some((&[delimiter, choice, column], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let is = |bit: u8| choice & (1 << bit) != 0;
    let table = Table {
        delimiter: (delimiter > 0).then_some(delimiter),
        quote: is(0).then_some(if is(1) { b'\'' } else { b'"' }),
        header: is(2),
        unit: if is(3) { Unit::E7 } else { Unit::Degrees },
        lat: if is(4) {
            Column::Usual
        } else {
            Column::Index(0)
        },
        lon: Column::Index(usize::from(column & 0xf)),
        name: is(5).then(|| {
            if is(6) {
                Column::Named("name".into())
            } else {
                Column::Index(usize::from(column >> 4))
            }
        }),
    };
    let options = Options {
        table: Some(table),
        ..Options::default()
    };
    import_with(Format::Csv, rest, &options);
});
