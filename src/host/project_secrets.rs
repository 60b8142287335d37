//! Every secret that the `.env` files of a project hold, kept out of whatever is said or written from now on.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::declarations;
use super::env_file::{EnvFile, Links};
use crate::dotenv::Document;
use crate::project::WORKSPACES;
use crate::secret::schema::SecretSpec;
use crate::template::scaffold::is_secret_file;
use crate::ui::redaction::{self, Names};

/// Learns the values of every `.env` of a project and of its parts. One that cannot be read holds nothing that a program of
/// ours could say.
pub fn keep_out(root: &Utf8Path) {
    let parts = WORKSPACES.iter().filter_map(|folder| root.join(folder).read_dir_utf8().ok()).flatten().flatten();
    let directories = std::iter::once(root.to_owned()).chain(parts.map(|entry| entry.path().to_owned()));
    for directory in directories {
        let files = secret_files(&directory);
        if files.is_empty() {
            continue;
        }
        let names = declared_names(root, &directory);
        for file in files.iter().filter_map(|path| EnvFile::read(path, Links::Anywhere).ok()) {
            redaction::keep_out_of_file(file.document(), names.clone());
        }
    }
}

/// Learns the values of one more file with variables, whatever its name is and wherever it lies.
pub fn keep_out_file(root: &Utf8Path, (path, document): (&Utf8Path, Arc<Document>)) {
    redaction::keep_out_of_file(document, declared_names(root, path.parent().unwrap_or(root)));
}

/// What is declared of the variables in a directory.
fn declared_names(root: &Utf8Path, directory: &Utf8Path) -> Names {
    let declared = declarations::read(root, directory, "default");
    let (secret, public) = declared.specs.iter().partition::<Vec<&SecretSpec>, _>(|spec| spec.sensitive);
    let names = |specs: &[&SecretSpec]| specs.iter().map(|spec| spec.name.clone()).collect();
    Names { public: names(&public), secret: names(&secret) }
}

fn secret_files(directory: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    entries.filter(|entry| is_secret_file(entry.file_name())).map(|entry| entry.path().to_owned()).collect()
}
