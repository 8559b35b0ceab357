//! The arrays of a run's folder, a frame at a time: what is not drawn is not read.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::experiment::npy::Head;

/// A float64 array whose first index is the frame.
#[derive(Debug)]
pub(crate) struct Frames {
    source: BufReader<File>,
    start: u64,
    shape: Vec<usize>,
}

impl Frames {
    /// Opens it.
    ///
    /// # Errors
    /// The operating system's, and what is not as a run writes it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut source = BufReader::new(File::open(path)?);
        let head = Head::read(&mut source)?;
        let start = source.stream_position()?;
        let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        if head.fortran || head.descr != "'<f8'" {
            return Err(wrong(format!(
                "float64 in C order is expected, not {}",
                head.descr
            )));
        }
        let size = head.count().and_then(|n| (n as u64).checked_mul(8));
        let shape = head.shape;
        let there = source.get_ref().metadata()?.len() - start;
        if size != Some(there) {
            return Err(wrong(format!(
                "{there} bytes are there, not those of its shape {shape:?}"
            )));
        }
        Ok(Self {
            source,
            start,
            shape,
        })
    }

    /// Frames, then the sizes of one.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers of a frame.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn frame(&mut self, frame: usize) -> io::Result<Vec<f64>> {
        let count: usize = self.shape[1..].iter().product();
        let place = self.start + 8 * (frame * count) as u64;
        self.source.seek(SeekFrom::Start(place))?;
        let mut bytes = vec![0; 8 * count];
        self.source.read_exact(&mut bytes)?;
        Ok((bytes.as_chunks().0.iter())
            .map(|b| f64::from_le_bytes(*b))
            .collect())
    }
}

/// At most `most` of the numbers below `count`, the first and the last among them.
pub(crate) fn evenly(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    (0..most)
        .map(|j| j * (count - 1) / (most - 1).max(1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_one_by_one_and_a_file_cut_short_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut bytes = Vec::new();
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        {
            use npyz::WriterBuilder;
            let options = npyz::WriteOptions::new().default_dtype().shape(&[3, 2, 2]);
            let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
            writer.extend(values).unwrap();
            writer.finish().unwrap();
        }
        std::fs::write(&path, &bytes).unwrap();
        let mut frames = Frames::open(&path).unwrap();
        assert_eq!(frames.shape(), [3, 2, 2]);
        assert_eq!(frames.frame(2).unwrap(), [8.0, 9.0, 10.0, 11.0]);
        assert_eq!(frames.frame(0).unwrap(), [0.0, 1.0, 2.0, 3.0]);
        std::fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
        assert!(Frames::open(&path).is_err());
        assert_eq!(evenly(301, 4), [0, 100, 200, 300]);
        assert_eq!(evenly(2, 4), [0, 1]);
    }
}
