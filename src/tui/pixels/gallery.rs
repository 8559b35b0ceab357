//! What pictures the terminal shows: those that changed are sent again, those that are gone are taken away. Where pictures lie in the cells,
//! a picture comes again with every change of its cells, and the glyphs over it after it.

use std::io::{self, Write as _};

use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

use super::protocol::Protocol;
use super::{Easel, Picture, sixel};

/// The pictures on the terminal.
#[derive(Debug)]
pub(crate) struct Gallery {
    protocol: Protocol,
    shown: Vec<Shown>,
    next: u32,
}

/// A picture on the terminal.
#[derive(Debug)]
struct Shown {
    /// Kitty's name of it.
    id: u32,
    picture: Picture,
    /// What is written in its cells, where that takes their part of it.
    over: Vec<(u16, u16, Cell)>,
}

/// What a change of pictures asks of the terminal.
#[derive(Debug, Default)]
pub(crate) struct Hanging {
    /// To be sent first: pictures that go, and cells to be written again as they are.
    pub before: Vec<(u16, u16, Cell)>,
    /// The pictures.
    pub bytes: Vec<u8>,
    /// Cells that stand over them.
    pub after: Vec<(u16, u16, Cell)>,
}

fn cells_of(buffer: &Buffer, area: Rect) -> Vec<(u16, u16, Cell)> {
    area.positions()
        .filter_map(|at| buffer.cell(at).map(|cell| (at.x, at.y, cell.clone())))
        .collect()
}

/// Whether the ground is seen where the former picture was.
fn bared(old: &Picture, new: &Picture) -> bool {
    old.indices.len() != new.indices.len()
        || (old.indices.iter().zip(&new.indices)).any(|(old, new)| *old > 0 && *new == 0)
}

impl Gallery {
    /// An empty one.
    #[must_use]
    pub(crate) fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            shown: Vec::new(),
            next: 1,
        }
    }

    /// Where pictures are drawn for this terminal; nowhere while a recording listens, which could not play them.
    #[must_use]
    pub(crate) fn easel(&self, recorded: bool) -> Easel {
        Easel {
            cell: self.cell().filter(|_| !recorded),
            under: self.protocol == Protocol::Kitty,
            most: (self.protocol == Protocol::Sixel).then_some(sixel::MOST),
            ..Easel::default()
        }
    }

    /// Width and height of a cell in pixels, as the terminal says; for sixels there is no guess.
    #[must_use]
    fn cell(&self) -> Option<(u16, u16)> {
        let said = crossterm::terminal::window_size().ok();
        let cell = said.and_then(|size| {
            let wide = size.width.checked_div(size.columns)?;
            let high = size.height.checked_div(size.rows)?;
            (wide > 0 && high > 0).then_some((wide, high))
        });
        // the others fit a picture to its cells whatever they measure
        cell.or((self.protocol != Protocol::Sixel).then_some((10, 20)))
    }

    /// Brings these pictures to the terminal, over `buffer`, which is there already. Returns the bytes of the pictures.
    ///
    /// # Errors
    /// The terminal's.
    pub(crate) fn bring<B: Backend>(
        &mut self,
        screen: &mut Terminal<B>,
        buffer: &Buffer,
        pictures: Vec<Picture>,
    ) -> Result<u64, B::Error>
    where
        B::Error: From<io::Error>,
    {
        let hanging = self.hang(buffer, pictures);
        let mut write = |cells: &[(u16, u16, Cell)]| {
            if cells.is_empty() {
                return Ok(());
            }
            let backend = screen.backend_mut();
            backend.draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
            backend.flush()
        };
        write(&hanging.before)?;
        let mut out = io::stdout().lock();
        out.write_all(&hanging.bytes)?;
        out.flush()?;
        drop(out);
        write(&hanging.after)?;
        Ok(hanging.bytes.len() as u64)
    }

    /// The terminal was cleared.
    pub(crate) fn forget(&mut self) {
        for shown in &mut self.shown {
            shown.picture.indices.clear();
        }
    }

    /// What leads from the pictures on the terminal to these; `buffer` is what the terminal shows besides.
    pub(crate) fn hang(&mut self, buffer: &Buffer, pictures: Vec<Picture>) -> Hanging {
        let mut hanging = Hanging::default();
        let old = std::mem::take(&mut self.shown);
        let in_cells = self.protocol != Protocol::Kitty;
        // a picture of another size or place is another picture
        let stays = |old: &&Shown| pictures.iter().any(|new| new.area == old.picture.area);
        for gone in old.iter().filter(|old| !stays(old)) {
            self.protocol.hide(&mut hanging.bytes, gone.id);
            if in_cells {
                (hanging.before).extend(cells_of(buffer, gone.picture.area));
            }
        }
        for picture in pictures {
            let over = if in_cells {
                cells_of(buffer, picture.area)
            } else {
                Vec::new()
            };
            let before = old.iter().find(|old| old.picture.area == picture.area);
            let same = before.filter(|old| old.picture == picture && old.over == over);
            let id = same.map_or(self.next, |same| same.id);
            if same.is_none() {
                self.next = self.next % 0x00ff_ffff + 1;
                if in_cells && before.is_some_and(|old| bared(&old.picture, &picture)) {
                    // the former picture does not shine through
                    hanging.before.extend(over.iter().cloned());
                }
                self.protocol.show(&mut hanging.bytes, &picture, id);
                if let Some(old) = before {
                    // the new one first: nothing blinks
                    self.protocol.hide(&mut hanging.bytes, old.id);
                }
                let glyphs = over.iter().filter(|(_, _, cell)| *cell != Cell::EMPTY);
                hanging.after.extend(glyphs.cloned());
            }
            self.shown.push(Shown { id, picture, over });
        }
        hanging
    }
}
