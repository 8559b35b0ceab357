//! `[[caption]]`.

use crate::experiment::caption::{Caption, Event};
use crate::experiment::document::InputError;
use crate::experiment::keys::{self, PAGES};
use crate::experiment::section::Section;

/// All captions, in the order of the file.
pub(super) fn captions(root: &Section) -> Result<Vec<Caption>, InputError> {
    let mut list = Vec::new();
    for section in root.tables("caption")?.unwrap_or_default() {
        section.only(&keys::names("caption"))?;
        let (at, event) = (
            section.number("at")?,
            section.choice("event", &Event::NAMES)?,
        );
        match (at, event) {
            (None, None) => return section.missing("at", "10.0"),
            (Some(_), Some(_)) => {
                let message = "a caption waits for a time or for an event, not for both";
                let remedy = Some("leave one of `at` and `event` out".into());
                let place = section.place_of("event");
                return Err(place.error("caption.event", message, remedy));
            }
            _ => {}
        }
        let Some(text) = section.text("text")? else {
            return section.missing("text", "\"what to look at\"");
        };
        let pages = PAGES.map(|page| (page, page));
        list.push(Caption {
            at,
            event,
            text: text.to_owned(),
            page: section.choice("page", &pages)?.map(str::to_owned),
        });
    }
    Ok(list)
}
