//! What `import` shows on a terminal.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::ROUTE_GUIDE_SERVER;
use crate::process::command;

/// Runs a program whose stderr is a terminal; returns all that it sent there.
fn run_on_terminal(flags: &[&str]) -> String {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let mut terminal = OpenOptions::new();
    let terminal = terminal.read(true).write(true).open(name.to_str().unwrap());
    let terminal = terminal.unwrap();
    let size = Winsize {
        ws_row: 50,
        ws_col: 200,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).unwrap();
    let mut program = command(ROUTE_GUIDE_SERVER, flags);
    program.env("TERM", "xterm").stderr(terminal);
    let mut child = program.spawn().unwrap();
    // The last descriptor of the terminal that is not the program's.
    drop(program);
    let reader = thread::spawn(move || {
        let (mut screen, mut sent) = (File::from(screen), Vec::new());
        // It ends with an error once nobody has the terminal any more.
        let _ = screen.read_to_end(&mut sent);
        sent
    });
    assert!(child.wait().unwrap().success());
    String::from_utf8(reader.join().unwrap()).unwrap()
}

/// Returns the lines that are left on a terminal in the end.
fn last_screen(sent: &str) -> Vec<String> {
    let (mut lines, mut row, mut column) = (vec![Vec::new()], 0, 0);
    let mut characters = sent.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let mut number = String::new();
                for part in characters.by_ref().skip(1) {
                    match part {
                        'A' => row -= number.parse::<usize>().unwrap_or(1),
                        'K' => lines[row].clear(),
                        _ => number.push(part),
                    }
                    if part.is_ascii_alphabetic() {
                        break;
                    }
                }
            }
            shown => {
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = shown;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    let lines = lines.into_iter().map(String::from_iter);
    lines.filter(|line: &String| !line.is_empty()).collect()
}

/// Each rejected record left a piece of the bar behind.
#[test]
fn a_bar_shows_how_far_the_import_is_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("places.csv");
    let mut content = "name,lat,lon\nNorth,40.5,-74.5\n".to_owned();
    content.push_str(&"Nowhere,95,0\n".repeat(3));
    fs::write(&input, content).unwrap();
    let (input, output) = (input.to_str().unwrap(), folder.path().join("places.rgs"));
    let sent = run_on_terminal(&["import", input, "-o", output.to_str().unwrap()]);

    for part in [" % ", " rows, ", " rows/s, ", " left"] {
        assert!(sent.contains(part), "{part:?} is not in {sent:?}");
    }
    let writing = format!("{}: sorting and writing", output.display());
    assert!(sent.contains(&writing), "{sent:?}");
    let wrong = |line| format!("{input}: line {line}: latitude \"95\" is outside ±90 degrees");
    let summary = format!("{input}: 1 row, 3 records wrong");
    let expected = [wrong(3), wrong(4), wrong(5), summary];
    assert_eq!(last_screen(&sent), expected, "{sent:?}");
}
