//! The files that the reader writes.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// A folder in which a reader of the page works.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// Why a file of the page cannot be written or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The name leads out of the folder.
    #[error("{0} is not inside the folder")]
    Outside(String),
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// A line of a diff begins with something else than a blank, `-` or `+`.
    #[error("a diff has the line {0:?}")]
    Diff(String),
    /// The lines that a diff keeps or removes do not stand in the file exactly once.
    #[error("the lines of the diff stand {count} times in {path}, not once")]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// How often.
        count: usize,
    },
}

impl Folder {
    /// Works in an existing folder.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes or replaces a file. Its folder must exist: making it is a step of its own.
    ///
    /// # Errors
    ///
    /// [`FileError`] if the file is not inside the folder or cannot be written.
    pub(crate) fn write(&self, file: &str, text: &str) -> Result<(), FileError> {
        let path = self.path(file)?;
        fs::write(&path, text).map_err(|source| FileError::Io { path, source })
    }

    /// Continues a file, after an empty line.
    ///
    /// # Errors
    ///
    /// [`FileError`] if the file does not exist, or as for [`Folder::write`].
    pub(crate) fn append(&self, file: &str, text: &str) -> Result<(), FileError> {
        let before = self.read(file)?;
        self.write(file, &format!("{before}\n{text}"))
    }

    /// Changes a file: finds the lines that the diff begins with a blank or `-`, and puts those with a blank or `+` in
    /// their place.
    ///
    /// # Errors
    ///
    /// [`FileError`] if these lines do not stand in the file exactly once, or as for [`Folder::append`].
    pub(crate) fn change(&self, file: &str, diff: &str) -> Result<(), FileError> {
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for line in diff.lines() {
            match line.split_at_checked(1) {
                Some((" ", text)) => {
                    old.push(text);
                    new.push(text);
                }
                Some(("-", text)) => old.push(text),
                Some(("+", text)) => new.push(text),
                // Editors strip the blank of an empty line.
                None => {
                    old.push("");
                    new.push("");
                }
                Some(_) => return Err(FileError::Diff(line.to_owned())),
            }
        }
        let before = self.read(file)?;
        let lines: Vec<_> = before.lines().collect();
        let found: Vec<_> = (0..lines.len())
            .filter(|&start| lines[start..].starts_with(&old))
            .collect();
        let &[start] = found.as_slice() else {
            let count = found.len();
            return Err(FileError::Ambiguous {
                path: self.path(file)?,
                count,
            });
        };
        let after = [&lines[..start], &new, &lines[start + old.len()..]].concat();
        self.write(file, &(after.join("\n") + "\n"))
    }

    /// Returns the text of a file.
    ///
    /// # Errors
    ///
    /// [`FileError`] if the file is not inside the folder or cannot be read.
    pub(crate) fn read(&self, file: &str) -> Result<String, FileError> {
        let path = self.path(file)?;
        fs::read_to_string(&path).map_err(|source| FileError::Io { path, source })
    }

    fn path(&self, file: &str) -> Result<PathBuf, FileError> {
        let inside = Path::new(file)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if inside {
            Ok(self.0.join(file))
        } else {
            Err(FileError::Outside(file.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Folder;

    #[test]
    fn files_grow_as_the_page_says() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        folder.write("a.rs", "old\n").unwrap();
        folder.write("a.rs", "one\n").unwrap();
        folder.append("a.rs", "two\n").unwrap();
        assert_eq!(folder.read("a.rs").unwrap(), "one\n\ntwo\n");
    }

    #[test]
    fn a_diff_is_put_where_its_lines_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        let check = |before: &str, diff: &str, expected: &str| {
            folder.write("a", before).unwrap();
            let changed = folder.change("a", diff).and_then(|()| folder.read("a"));
            let shown = changed
                .unwrap_or_else(|err| err.to_string().replace(dir.path().to_str().unwrap(), ""));
            assert_eq!(shown, expected, "{diff}");
        };
        check("a\nb\nc\n", " b\n+x\n", "a\nb\nx\nc\n");
        check("a\nb\nc\n", " a\n-b\n+x\n+y\n c\n", "a\nx\ny\nc\n");
        check("a\n\nb\n", "+x\n\n b\n", "a\nx\n\nb\n");
        check(
            "a\nb\na\n",
            " a\n+x\n",
            "the lines of the diff stand 2 times in /a, not once",
        );
        check(
            "a\n",
            " b\n+x\n",
            "the lines of the diff stand 0 times in /a, not once",
        );
        check("a\n", "a\n+x\n", "a diff has the line \"a\"");
    }

    #[test]
    fn a_name_cannot_lead_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path());
        for name in ["../a", "/a", "a/../../b", "./a"] {
            let err = folder.write(name, "").unwrap_err();
            assert_eq!(err.to_string(), format!("{name} is not inside the folder"));
        }
        assert!(folder.write("no/such/folder", "").is_err());
        assert!(folder.append("missing", "").is_err());
    }
}
