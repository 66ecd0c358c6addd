//! Pictures for publications: bar charts, drawn and not downloaded.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

const WIDTH: u32 = 320;
const HEIGHT: u32 = 180;
const MARGIN: u32 = 16;
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const AXIS: Rgb<u8> = Rgb([90, 98, 110]);
const BAR: Rgb<u8> = Rgb([31, 92, 153]);

/// A bar chart as PNG.
pub fn bars(values: &[u32]) -> anyhow::Result<Vec<u8>> {
    let mut picture = RgbImage::from_pixel(WIDTH, HEIGHT, PAPER);
    let (foot, most) = (HEIGHT - MARGIN, values.iter().copied().max().unwrap_or(0).max(1));
    let wide = (WIDTH - 2 * MARGIN) / (values.len() as u32).max(1);
    for (number, value) in (0..).zip(values) {
        let high = (u64::from(*value) * u64::from(foot - MARGIN) / u64::from(most)) as u32;
        let left = MARGIN + number * wide + wide / 6;
        fill(&mut picture, (left, foot - high), (wide * 2 / 3, high), BAR);
    }
    fill(&mut picture, (MARGIN, foot), (WIDTH - 2 * MARGIN, 2), AXIS);
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}

fn fill(picture: &mut RgbImage, (left, top): (u32, u32), (wide, high): (u32, u32), with: Rgb<u8>) {
    for y in top..(top + high).min(HEIGHT) {
        (left..(left + wide).min(WIDTH)).for_each(|x| picture.put_pixel(x, y, with));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_reaches_up_to_the_margin_and_nothing_is_drawn_of_nothing() {
        let picture = image::load_from_memory(&bars(&[1, 4]).expect("drawn")).expect("a picture").to_rgb8();
        let middle = |number: u32| MARGIN + number * 144 + 72;
        assert_eq!(*picture.get_pixel(middle(1), MARGIN + 1), BAR);
        assert_eq!(*picture.get_pixel(middle(0), MARGIN + 1), PAPER);
        assert!(bars(&[]).is_ok() && bars(&[0, 0]).is_ok());
    }
}
