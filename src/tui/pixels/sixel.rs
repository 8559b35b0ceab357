//! A picture as sixels: a register for every colour that occurs, then bands of six rows, a pass over the band for every colour in it,
//! runs counted. Pixels of nothing are left as they are (P2 = 1).

use super::Picture;

/// Pixels across and down that every terminal takes; xterm shows nothing of what has more than 1000, and a pixel that stands for several may
/// reach beyond its picture.
pub(super) const MOST: u16 = 980;
/// Rows of a band.
const BAND: usize = 6;

/// Appends the picture.
pub(super) fn append(out: &mut Vec<u8>, picture: &Picture) {
    let scale = picture.scale;
    let (width, height) = (picture.width * scale, picture.height * scale);
    out.extend_from_slice(format!("\x1bP0;1;0q\"1;1;{width};{height}").as_bytes());
    let mut used = [false; 256];
    for index in &picture.indices {
        used[usize::from(*index)] = true;
    }
    for (index, [r, g, b]) in picture.palette.iter().enumerate().skip(1) {
        if used[index] {
            let percent = |part: u8| (u32::from(part) * 100 + 127) / 255;
            let (r, g, b) = (percent(*r), percent(*g), percent(*b));
            out.extend_from_slice(format!("#{index};2;{r};{g};{b}").as_bytes());
        }
    }
    for top in (0..height).step_by(BAND) {
        band(out, picture, top, height.min(top + BAND));
    }
    out.extend_from_slice(b"\x1b\\");
}

/// The rows from `top` to `end`: which of them a colour has in each column, colour by colour.
fn band(out: &mut Vec<u8>, picture: &Picture, top: usize, end: usize) {
    let width = picture.width;
    let mut masks: Vec<Option<Vec<u8>>> = vec![None; 256];
    for row in top..end {
        let from = row / picture.scale * width;
        for (column, index) in picture.indices[from..from + width].iter().enumerate() {
            if *index > 0 {
                let mask = masks[usize::from(*index)].get_or_insert_with(|| vec![0; width]);
                mask[column] |= 1 << (row - top);
            }
        }
    }
    let mut first = true;
    for (index, mask) in masks.iter().enumerate() {
        let Some(mask) = mask else { continue };
        if !first {
            out.push(b'$');
        }
        first = false;
        out.extend_from_slice(format!("#{index}").as_bytes());
        for run in mask.chunk_by(|a, b| a == b) {
            let (count, sixel) = (run.len() * picture.scale, 63 + run[0]);
            if count > 3 {
                out.extend_from_slice(format!("!{count}").as_bytes());
                out.push(sixel);
            } else {
                out.extend(std::iter::repeat_n(sixel, count));
            }
        }
    }
    out.push(b'-');
}
