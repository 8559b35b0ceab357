//! Heads of NumPy's `.npy` files, read and written ("NumPy enhancement proposal 1", versions 1.0 to 3.0): the magic bytes, the length of the
//! head, and a dictionary of type, order and shape; numbers follow.
//!
//! Written here and not by the crate `npyz`, which the tests read and write with: it parses the dictionary as any Python literal, by a
//! generated grammar and integers of any length, which took 28 of the 700 seconds of processor time of a cold build, and multiplies the sizes
//! unchecked.

use std::io::{self, Read};

/// What every file begins with.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// A head is padded to a multiple of this.
const ALIGNMENT: usize = 64;
/// No head is longer: one of plain numbers has some hundred bytes.
const LONGEST: u32 = 1 << 20;

/// How the numbers of a file lie in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The type as it is written, as `'<f8'`.
    pub descr: String,
    /// Whether the first index runs fastest.
    pub fortran: bool,
    /// The sizes.
    pub shape: Vec<usize>,
}

/// A type that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Float {
    /// Bytes of a number, 4 or 8.
    pub bytes: usize,
    /// Whether the first byte is the highest.
    big: bool,
}

impl Float {
    /// The number in its bytes.
    pub(crate) fn number(self, bytes: &[u8]) -> f64 {
        let mut eight = [0; 8];
        let least_first = |list: &mut [u8]| {
            list.copy_from_slice(bytes);
            if self.big {
                list.reverse();
            }
        };
        if self.bytes == 8 {
            least_first(&mut eight);
            return f64::from_le_bytes(eight);
        }
        let mut four = [0; 4];
        least_first(&mut four);
        f64::from(f32::from_le_bytes(four))
    }
}

impl Head {
    /// float64 in C order, least byte first.
    pub(crate) fn of(shape: &[usize]) -> Self {
        Self {
            descr: "'<f8'".into(),
            fortran: false,
            shape: shape.to_vec(),
        }
    }

    /// The product of the sizes; none where it is no number.
    pub(crate) fn count(&self) -> Option<usize> {
        (self.shape.iter()).try_fold(1_usize, |product, n| product.checked_mul(*n))
    }

    /// The type, if it is float64 or float32.
    pub(crate) fn float(&self) -> Option<Float> {
        let (order, kind) = unquoted(&self.descr)?.split_at_checked(1)?;
        let big = match order {
            "<" => false,
            ">" => true,
            "=" => cfg!(target_endian = "big"),
            _ => return None,
        };
        let bytes = match kind {
            "f8" => 8,
            "f4" => 4,
            _ => return None,
        };
        Some(Float { bytes, big })
    }

    /// The bytes before the numbers.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let sizes: String = self.shape.iter().map(|n| format!("{n}, ")).collect();
        let fortran = if self.fortran { "True" } else { "False" };
        let mut text = format!(
            "{{'descr': {}, 'fortran_order': {fortran}, 'shape': ({sizes}), }}",
            self.descr
        );
        let start = MAGIC.len() + 4;
        let length = (start + text.len() + 1).next_multiple_of(ALIGNMENT) - start;
        text += &" ".repeat(length - 1 - text.len());
        text.push('\n');
        let size = (length as u16).to_le_bytes();
        [MAGIC.as_slice(), &[1, 0], &size, text.as_bytes()].concat()
    }

    /// Reads it; the numbers come next.
    ///
    /// # Errors
    /// The operating system's, and what is no head of an `.npy` file.
    pub(crate) fn read(source: &mut impl Read) -> io::Result<Self> {
        let mut start = [0; 8];
        source.read_exact(&mut start)?;
        if &start == b"version " {
            return Err(wrong(
                "it looks like a Git LFS pointer, fetch the file by git lfs pull".into(),
            ));
        }
        if &start[..6] != MAGIC {
            return Err(wrong("it does not begin as one".into()));
        }
        let length = match start[6] {
            1 => {
                let mut length = [0; 2];
                source.read_exact(&mut length)?;
                u32::from(u16::from_le_bytes(length))
            }
            2 | 3 => {
                let mut length = [0; 4];
                source.read_exact(&mut length)?;
                u32::from_le_bytes(length)
            }
            version => return Err(wrong(format!("version {version} is not known"))),
        };
        if length > LONGEST {
            return Err(wrong(format!("a head of {length} bytes")));
        }
        let mut text = vec![0; length as usize];
        source.read_exact(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text).ok_or_else(|| wrong(format!("its head is {}", text.trim())))
    }

    /// From the dictionary.
    fn parse(text: &str) -> Option<Self> {
        let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        for entry in split(inner)? {
            let (key, value) = entry.split_once(':')?;
            let value = value.trim();
            match unquoted(key.trim())? {
                "descr" => descr = Some(value.to_owned()),
                "fortran_order" => {
                    fortran = match value {
                        "True" => Some(true),
                        "False" => Some(false),
                        _ => return None,
                    }
                }
                "shape" => {
                    let sizes = split(value.strip_prefix('(')?.strip_suffix(')')?)?;
                    // Python 2 wrote some as 10L
                    let size = |n: &&str| n.trim_end_matches('L').parse().ok();
                    shape = sizes.iter().map(size).collect::<Option<Vec<usize>>>();
                }
                _ => return None,
            }
        }
        Some(Self {
            descr: descr?,
            fortran: fortran?,
            shape: shape?,
        })
    }
}

fn wrong(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// What stands between quotation marks.
fn unquoted(text: &str) -> Option<&str> {
    let mark = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.strip_prefix(mark)?.strip_suffix(mark)
}

/// The parts between commas that are in no brackets and no quotation marks, without space around; an empty last one is none.
fn split(text: &str) -> Option<Vec<&str>> {
    let (mut depth, mut quoted, mut start) = (0_i32, None, 0);
    let mut parts = Vec::new();
    for (place, c) in text.char_indices() {
        match (quoted, c) {
            (Some(mark), _) if c == mark => quoted = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quoted = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(text[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    let last = text[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    (depth == 0 && quoted.is_none()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use npyz::WriterBuilder;

    #[test]
    fn a_head_has_the_bytes_that_another_writer_gives_it_and_is_read_back() {
        let shapes: [&[usize]; 5] = [&[], &[7], &[301, 1026], &[3, 2, 2], &[10; 15]];
        for shape in shapes {
            let sizes: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
            let mut other = Vec::new();
            let options = npyz::WriteOptions::<f64>::new().default_dtype();
            // its head alone: that no number follows is its error
            let _ =
                (options.shape(&sizes).writer(&mut other).begin_nd()).map(npyz::NpyWriter::finish);
            let bytes = Head::of(shape).bytes();
            assert_eq!(bytes, other[..bytes.len()], "{shape:?}");
            assert_eq!(bytes.len() % ALIGNMENT, 0);
            assert_eq!(Head::read(&mut bytes.as_slice()).unwrap(), Head::of(shape));
        }
    }

    #[test]
    fn heads_are_read_as_python_may_write_them() {
        let head = |text: &str| Head::parse(text);
        let plain =
            head("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }    \n").unwrap();
        assert_eq!(plain, Head::of(&[3, 2]));
        let other =
            head("{\"shape\": (3L,), \"fortran_order\": True, \"descr\": \">f4\"}").unwrap();
        assert_eq!((other.fortran, other.shape.as_slice()), (true, &[3][..]));
        let float = other.float().unwrap();
        assert_eq!(float.number(&1.5_f32.to_be_bytes()), 1.5);
        assert_eq!(
            plain.float().unwrap().number(&(-0.1_f64).to_le_bytes()),
            -0.1
        );
        // a record with a name that looks like a key
        let record = head(
            "{'descr': [('a, shape', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': ()}",
        );
        assert_eq!(record.unwrap().float(), None);
        for text in [
            "",
            "{",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        ] {
            assert_eq!(head(text), None, "{text}");
        }
        for kind in ["'<i4'", "'|f8'", "'<f2'", "'é'", "''", "'"] {
            let odd = Head {
                descr: kind.into(),
                ..Head::of(&[1])
            };
            assert_eq!(odd.float(), None, "{kind}");
        }
        let read = |bytes: &[u8]| Head::read(&mut &bytes[..]).unwrap_err().to_string();
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n";
        assert!(read(pointer).contains("git lfs pull"));
        assert!(read(b"a,b\n1,2\n").contains("does not begin"));
        let mut long = MAGIC.to_vec();
        long.extend([2, 0, 255, 255, 255, 255]);
        assert!(read(&long).contains("4294967295 bytes"));
    }
}
