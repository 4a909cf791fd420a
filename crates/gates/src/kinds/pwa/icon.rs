//! How large a picture is, by its first bytes.

use quick_xml::Reader;
use quick_xml::events::Event;

/// What a file is, as far as browsers take it for the icon of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture {
    /// PNG or WebP, in pixels.
    Pixels { width: u32, height: u32 },
    /// SVG, of any size.
    Drawing,
    /// A picture of a sort that is not taken: ICO, JPEG, GIF, AVIF.
    Other,
    /// No picture at all, or a torn one.
    None,
}

/// Reads what a file is.
///
/// Sources: PNG, <https://www.w3.org/TR/png-3/#11IHDR>; WebP, RFC 9649.
pub(super) fn read(bytes: &[u8]) -> Picture {
    let pixels = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        webp(bytes)
    } else if is_other(bytes) {
        return Picture::Other;
    } else {
        return if is_svg(bytes) { Picture::Drawing } else { Picture::None };
    };
    match pixels {
        Some((width, height)) if width > 0 && height > 0 => Picture::Pixels { width, height },
        _ => Picture::None,
    }
}

fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let is_head = number(8)? == 13 && bytes.get(12..16)? == b"IHDR";
    // A picture that breaks off has no end.
    let is_whole = bytes.windows(4).rev().take(4096).any(|chunk| chunk == b"IEND");
    (is_head && is_whole).then_some((number(16)?, number(20)?))
}

fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let byte = |at: usize| bytes.get(at).copied().map(u32::from);
    let short = |at: usize| Some(byte(at)? | byte(at + 1)? << 8);
    let three = |at: usize| Some(short(at)? | byte(at + 2)? << 16);
    let stated = short(4)? | short(6)? << 16;
    let is_whole = bytes.len() as u64 >= u64::from(stated) + 8;
    let size = match bytes.get(12..16)? {
        b"VP8 " if bytes.get(23..26)? == b"\x9d\x01\x2a" => (short(26)? & 0x3fff, short(28)? & 0x3fff),
        b"VP8L" if byte(20)? == 0x2f => {
            let bits = short(21)? | short(23)? << 16;
            ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
        }
        b"VP8X" => (three(24)? + 1, three(27)? + 1),
        _ => return None,
    };
    is_whole.then_some(size)
}

fn is_other(bytes: &[u8]) -> bool {
    let starts = [&b"\0\0\x01\0"[..], b"\xff\xd8\xff", b"GIF87a", b"GIF89a"];
    starts.iter().any(|start| bytes.starts_with(start)) || bytes.get(4..12) == Some(b"ftypavif")
}

fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut reader = Reader::from_str(text);
    let mut root = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) if root.is_none() => {
                root = Some(tag.local_name().into_inner() == "svg");
            }
            Ok(Event::Eof) => return root == Some(true),
            Ok(_) if root != Some(false) => {}
            // Torn, or some other XML.
            Ok(_) | Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        let head = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
        [&head[..], b"\x08\x02\0\0\0....\0\0\0\0IEND...."].concat()
    }

    #[test]
    fn a_picture_is_told_by_what_is_in_it() {
        let torn = &png_of(192, 192)[..40];
        let lossy = [&b"RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0"[..], b"\0\0\0\x9d\x01\x2a\xc0\0\xc0\x40"].concat();
        let lossless = b"RIFF\x11\0\0\0WEBPVP8L\x05\0\0\0\x2f\xff\xc1\x7f\0";
        let extended = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x01\0\xff\x01\0";
        let pixels = |width, height| Picture::Pixels { width, height };
        for (bytes, expected) in [
            (&png_of(192, 512)[..], pixels(192, 512)),
            (torn, Picture::None),
            (&png_of(0, 1), Picture::None),
            (&lossy, pixels(192, 192)),
            (lossless, pixels(512, 512)),
            (extended, pixels(512, 512)),
            (&extended[..24], Picture::None),
            (
                b"<?xml version=\"1.0\"?><!-- x --><svg xmlns=\"http://www.w3.org/2000/svg\"><g/></svg>",
                Picture::Drawing,
            ),
            (b"<svg><g></svg>", Picture::None),
            (b"<!doctype html><p>Not found</p>", Picture::None),
            (b"\xff\xd8\xff\xe0", Picture::Other),
            (b"\0\0\x01\0\x01", Picture::Other),
            (b"", Picture::None),
        ] {
            assert_eq!(read(bytes), expected, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(bytes: Vec<u8>, head in 0usize..3) {
            let head = [&b""[..], b"RIFF....WEBPVP8X", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"][head];
            let read = read(&[head, &bytes].concat());
            let is_empty = matches!(read, Picture::Pixels { width: 0, .. } | Picture::Pixels { height: 0, .. });
            prop_assert!(!is_empty, "{:?}", read);
        }
    }
}
