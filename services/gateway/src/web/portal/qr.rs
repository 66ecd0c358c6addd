//! A text as a QR code (ISO/IEC 18004), drawn as one line of a picture.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

/// Clear modules around it, as the standard asks.
const QUIET: usize = 4;

pub struct Qr {
    /// Modules in each direction, with those around it.
    pub side: usize,
    /// Dark modules as strokes of width 1.
    pub path: String,
}

impl Qr {
    /// None where it holds more than the largest code does.
    pub fn of(text: &str, level: EcLevel) -> Option<Qr> {
        let code = QrCode::with_error_correction_level(text, level).ok()?;
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(code.width()).enumerate() {
            let mut at = 0;
            // The pen begins at the row's first module and goes on relative to itself, which is shortest.
            let _ = write!(path, "M{QUIET} {}.5", y + QUIET);
            for run in row.chunk_by(|a, b| a == b) {
                match run[0] {
                    Color::Dark => drop(write!(path, "h{}", run.len())),
                    Color::Light if at + run.len() < row.len() => drop(write!(path, "m{} 0", run.len())),
                    Color::Light => {}
                }
                at += run.len();
            }
        }
        Some(Qr { side: code.width() + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The picture as a reader sees it.
    fn seen(qr: &Qr) -> String {
        let mut dark = vec![vec![false; qr.side]; qr.side];
        for row in qr.path.split('M').skip(1) {
            let (start, moves) = row.split_at(row.find(['h', 'm']).expect("a move"));
            let (x, y) = start.split_once(' ').expect("a place");
            let (mut x, y): (usize, usize) = (x.parse().expect("x"), y.trim_end_matches(".5").parse().expect("y"));
            let mut rest = moves;
            while let Some(kind) = rest.chars().next() {
                let end = rest[1..].find(['h', 'm']).map_or(rest.len(), |end| end + 1);
                let n: usize = rest[1..end].trim_end_matches(" 0").parse().expect("a length");
                if kind == 'h' {
                    dark[y][x..x + n].fill(true);
                }
                x += n;
                rest = &rest[end..];
            }
        }
        const SCALE: usize = 4;
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(qr.side * SCALE, qr.side * SCALE, |x, y| {
            if dark[y / SCALE][x / SCALE] { 0 } else { 255 }
        });
        picture.detect_grids()[0].decode().expect("readable").1
    }

    #[test]
    fn what_is_drawn_is_read_back() {
        for text in ["yizhan:1:410223-012-20160301-000001-1:7:q83v", &"c2sp.org/tlog-proof@v1\n".repeat(60)] {
            assert_eq!(seen(&Qr::of(text, EcLevel::L).expect("fits")), text);
        }
    }

    #[test]
    fn what_does_not_fit_is_no_code() {
        assert!(Qr::of(&"x".repeat(2_953), EcLevel::L).is_some_and(|qr| qr.side == 185 && qr.path.len() < 100 << 10));
        assert!(Qr::of(&"x".repeat(2_954), EcLevel::L).is_none());
    }
}
