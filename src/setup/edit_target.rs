//! Which file an edit goes to: one behind a link is edited itself, unless a configuration generates it.

use camino::Utf8PathBuf;

use crate::facts::shell::{Form, LinkEnd};
use crate::facts::text_file::TextFile;
use crate::line_edit::LineEdit;
use crate::plan::Privilege;

/// The file that is edited, or why none is, as a fragment.
pub(super) fn edit_target(file: &TextFile, privilege: Privilege) -> Result<Utf8PathBuf, String> {
    if !file.is_text {
        return Err("it is no text that lines can be added to".to_owned());
    }
    let may_write = file.is_writable || privilege == Privilege::Root;
    match &file.form {
        Form::Absent | Form::Plain | Form::Symlink { end: LinkEnd::File, .. } if !may_write => {
            Err("you may not write to it".to_owned())
        }
        Form::Absent | Form::Plain => Ok(file.path.clone()),
        Form::Symlink { target, end: LinkEnd::File } => Ok(target.clone()),
        Form::Symlink { end: LinkEnd::Store, .. } => Err("home-manager or NixOS makes it".to_owned()),
        Form::Symlink { target, end: LinkEnd::Nothing } => Err(format!("it is a link to `{target}`, which is not there")),
        Form::Directory => Err("it is a directory".to_owned()),
        Form::Special => Err("it is no plain file".to_owned()),
    }
}

/// The same for one edit, which lines between marks of nixstart can be in the way of: they were changed by somebody.
pub(super) fn target_of(edit: &LineEdit, file: &TextFile, privilege: Privilege) -> Result<Utf8PathBuf, String> {
    let path = edit_target(file, privilege)?;
    edit.apply(&file.blocks).map(|_| path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(form: Form, is_writable: bool, privilege: Privilege) -> Result<Utf8PathBuf, String> {
        edit_target(&TextFile { path: "/h/rc".into(), form, is_writable, is_text: true, blocks: Vec::new() }, privilege)
    }

    #[test]
    fn what_is_generated_or_no_plain_file_is_not_edited() {
        let link = |end| Form::Symlink { target: "/h/dotfiles/rc".into(), end };
        assert_eq!(target(link(LinkEnd::File), true, Privilege::User).unwrap(), "/h/dotfiles/rc");
        for (form, why) in [
            (link(LinkEnd::Store), "home-manager or NixOS makes it"),
            (link(LinkEnd::Nothing), "it is a link to `/h/dotfiles/rc`, which is not there"),
            (Form::Directory, "it is a directory"),
            (Form::Special, "it is no plain file"),
        ] {
            assert_eq!(target(form.clone(), true, Privilege::User).unwrap_err(), why);
            assert_eq!(target(form, true, Privilege::Root).unwrap_err(), why);
        }
    }

    #[test]
    fn a_block_that_somebody_changed_is_not_edited() {
        let edit = LineEdit::Block { name: "direnv".into(), lines: vec!["eval".into()] };
        let written = edit.apply(b"").unwrap();
        let file = |blocks: &[u8]| {
            let (form, blocks) = (Form::Plain, blocks.to_vec());
            TextFile { path: "/h/rc".into(), form, is_writable: true, is_text: true, blocks }
        };
        assert_eq!(target_of(&edit, &file(&written), Privilege::User).unwrap(), "/h/rc");
        let changed = String::from_utf8(written).unwrap().replace("eval", "# eval");
        let why = "the lines between `# >>> nixstart direnv >>>` and its end were changed by somebody else";
        assert_eq!(target_of(&edit, &file(changed.as_bytes()), Privilege::User).unwrap_err(), why);
        let why = target_of(&edit, &file(b"# >>> nixstart direnv >>>\n"), Privilege::User).unwrap_err();
        assert_eq!(why, "the marks of `# >>> nixstart direnv >>>` do not belong together");
    }

    #[test]
    fn what_only_root_may_write_takes_root() {
        assert_eq!(target(Form::Plain, false, Privilege::User).unwrap_err(), "you may not write to it");
        assert_eq!(target(Form::Plain, false, Privilege::Root).unwrap(), "/h/rc");
    }
}
