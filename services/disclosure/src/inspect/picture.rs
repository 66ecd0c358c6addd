//! Pictures: decoded and written anew, so that nothing but pixels becomes public. Where a camera was, what else stood in
//! the file and what another program would have seen in its bytes are gone.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
};
use kit::{files, refusal::Refusal};

use super::{JPEG, PNG, Picture, Seen, unreadable, unsafe_file};

const MOST_PIXELS: u64 = 40_000_000;
/// Of one side.
const LONGEST: u32 = 30_000;
/// What a decoder may take: the pixels with eight bytes each.
const MOST_MEMORY: u64 = 8 * MOST_PIXELS + (64 << 20);
/// Nothing is seen of the loss, and a photograph stays about as large as it was.
const QUALITY: u8 = 90;

pub fn look(media_type: &str, bytes: &[u8]) -> Result<Seen, Refusal> {
    let format = ImageFormat::from_mime_type(media_type).ok_or_else(unreadable)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST), Some(LONGEST));
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refuse)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(too_large());
    }
    let upright = decoder.orientation().map_err(refuse)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refuse)?;
    picture.apply_orientation(upright);
    let bytes = write(media_type, &picture)?;
    if bytes.len() > files::MOST_BYTES {
        return Err(files::too_large());
    }
    Ok(Seen { picture: Some(Picture { bytes, width: picture.width(), height: picture.height() }), unread: false })
}

/// In eight bits a channel, which is what a page shows.
fn write(media_type: &str, picture: &DynamicImage) -> Result<Vec<u8>, Refusal> {
    let (mut bytes, color) = (Vec::new(), picture.color());
    let picture = match (color.has_color(), color.has_alpha() && media_type != JPEG) {
        (false, false) if media_type != "image/webp" => DynamicImage::ImageLuma8(picture.to_luma8()),
        (_, false) => DynamicImage::ImageRgb8(picture.to_rgb8()),
        (_, true) => DynamicImage::ImageRgba8(picture.to_rgba8()),
    };
    let (raw, width, height, color) = (picture.as_bytes(), picture.width(), picture.height(), picture.color().into());
    let written = match media_type {
        PNG => PngEncoder::new(&mut bytes).write_image(raw, width, height, color),
        JPEG => JpegEncoder::new_with_quality(&mut bytes, QUALITY).write_image(raw, width, height, color),
        _ => WebPEncoder::new_lossless(&mut bytes).write_image(raw, width, height, color),
    };
    written.map_err(refuse)?;
    Ok(bytes)
}

fn refuse(error: image::ImageError) -> Refusal {
    if matches!(error, image::ImageError::Limits(_)) { too_large() } else { unreadable() }
}

fn too_large() -> Refusal {
    unsafe_file(
        "图片不得超过4000万像素，单边不得超过30000像素；请缩小后再上传",
        "a picture has at most 40 million pixels and 30,000 on one side; make it smaller",
    )
}
