//! `metastable preset`: what there is, what it says, where it lies.

use metastable::experiment::presets;

use super::{Failure, PresetCommand, print};

/// `metastable preset`.
///
/// # Errors
/// [`Failure`] for an unknown name.
pub(crate) fn preset(command: &PresetCommand) -> Result<(), Failure> {
    match command {
        PresetCommand::List => {
            let presets = presets::list();
            let width = presets
                .iter()
                .map(|preset| preset.name.chars().count())
                .max()
                .unwrap_or(0);
            // by section of the paper, in the order in which the sections first come
            let mut sections: Vec<&str> = Vec::new();
            for preset in &presets {
                if !sections.contains(&preset.section.as_str()) {
                    sections.push(&preset.section);
                }
            }
            sections.sort_by_key(|section| (!section.starts_with('§'), (*section).to_owned()));
            let grouped =
                (sections.iter()).flat_map(|s| presets.iter().filter(move |p| p.section == **s));
            let mut before = None;
            for preset in grouped {
                if before != Some(&preset.section) {
                    let gap = if before.is_some() { "\n" } else { "" };
                    let heading = if preset.section.is_empty() {
                        "others"
                    } else {
                        &preset.section
                    };
                    print(&format!("{gap}{heading}\n"))?;
                    before = Some(&preset.section);
                }
                let origin = if preset.path.is_some() {
                    "  (yours)"
                } else {
                    ""
                };
                print(&format!(
                    "  {:<width$}  {}{origin}\n",
                    preset.name, preset.title
                ))?;
            }
        }
        PresetCommand::Show { name } => print(&find(name)?.source)?,
        PresetCommand::Path { name: None } => match presets::user_folder() {
            Some(folder) => print(&format!("{}\n", folder.display()))?,
            None => return Err(Failure::run("there is no home folder to keep presets in")),
        },
        PresetCommand::Path { name: Some(name) } => match find(name)?.path {
            Some(path) => print(&format!("{}\n", path.display()))?,
            None => print(&format!(
                "{name} is built in; `metastable preset show {name}` prints its file\n"
            ))?,
        },
    }
    Ok(())
}

fn find(name: &str) -> Result<presets::Preset, Failure> {
    let known = presets::list()
        .into_iter()
        .rev()
        .find(|preset| preset.name == name);
    // The error of loading knows what was probably meant.
    known.ok_or_else(|| {
        presets::load(name).map_or_else(Failure::input, |_| {
            Failure::input(format!("{name} is a file, not a preset"))
        })
    })
}
