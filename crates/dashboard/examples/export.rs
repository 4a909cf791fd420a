//! Writes the public status page of made-up data: `cargo run -p charter-dashboard --example export -- <folder>`.

mod sample;

use std::path::PathBuf;

use charter_dashboard::{PublicSite, export};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    for (path, bytes) in export(&sample::view(), &PublicSite { url: "https://status.example.org/".to_owned() })? {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().ok_or("a file lies in a folder")?)?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}
