//! A bridge of boats that grows across the water with the download.

use example_clients::embedded_graphics::{
    Drawable as _, Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Size},
    mono_font::{MonoTextStyle, ascii::FONT_10X20},
    pixelcolor::{Rgb888, RgbColor as _},
    prelude::Point,
    text::{Baseline, Text},
};
use std::convert::Infallible;

/// Red, green and blue.
type Colour = [u8; 3];

const SKY: [Colour; 2] = [[13, 22, 41], [66, 92, 128]];
const WAVES: [Colour; 3] = [[38, 84, 118], [27, 66, 99], [17, 48, 78]];
const BOAT: Colour = [92, 62, 48];
const ROAD: Colour = [255, 190, 92];
const ROAD_TO_COME: Colour = [52, 68, 94];
const INK: Rgb888 = Rgb888::new(236, 241, 248);

/// How many boats there are, and half of what one is long.
const BOATS: f32 = 8.0;
const BOAT_HALF: f32 = 22.0;
const MARGIN: f32 = 40.0;

pub(crate) struct Canvas<'a> {
    pixels: &'a mut [u32],
    width: usize,
    height: usize,
}

impl<'a> Canvas<'a> {
    pub(crate) fn new(pixels: &'a mut [u32], width: usize, height: usize) -> Self {
        Self { pixels, width, height }
    }

    /// The whole picture, at a time in seconds and with a part of the bridge, from zero to one.
    pub(crate) fn scene(&mut self, time: f32, progress: f32) {
        for y in 0..self.height {
            let colour = pack(mix(SKY[0], SKY[1], y as f32 / (self.height as f32 * 0.6)));
            self.pixels[y * self.width..][..self.width].fill(colour);
        }
        let level = self.height as f32 * 0.6;
        self.wave(level - 22.0, time * 0.8 + 2.0, 5.0, WAVES[0]);
        self.bridge(level - 14.0, time, progress);
        self.wave(level + 12.0, time * 1.3, 6.0, WAVES[1]);
        self.wave(level + 52.0, time * 1.9 + 4.0, 8.0, WAVES[2]);
    }

    /// Fills all below a line that waves.
    fn wave(&mut self, level: f32, time: f32, height: f32, colour: Colour) {
        let below = ((level + height).max(0.0) as usize + 1).min(self.height);
        for x in 0..self.width {
            let top = level + height * swell(x as f32, time);
            self.column(x, top, below as f32, colour);
        }
        self.pixels[below * self.width..].fill(pack(colour));
    }

    /// The road across the boats: it is the progress bar.
    fn bridge(&mut self, level: f32, time: f32, progress: f32) {
        let (left, right) = (MARGIN, self.width as f32 - MARGIN);
        let (end, apart) = (left + (right - left) * progress.clamp(0.0, 1.0), (right - left) / BOATS);
        // Boats rise and fall as a whole, and the road bends between them.
        let boat = |number: f32| level + 5.0 * swell(left + (number + 0.5) * apart, time * 1.3);
        for x in left as usize..right as usize {
            let at = x as f32 + 0.5;
            let place = (at - left) / apart - 0.5;
            let (before, after) = (boat(place.floor()), boat(place.floor() + 1.0));
            let road = before + (after - before) * smooth(place - place.floor());
            let (nearest, off) = (place.round(), (place - place.round()).abs() * apart);
            if off < BOAT_HALF {
                let deep = 30.0 * (1.0 - (off / BOAT_HALF).powi(4));
                self.column(x, boat(nearest) + 4.0, boat(nearest) + 4.0 + deep, BOAT);
            }
            // Round at both ends.
            let from_end = (at - left).min(right - at).min(8.0) / 8.0;
            let half = 8.0 * (1.0 - (1.0 - from_end).powi(2)).sqrt();
            let colour = if at < end { ROAD } else { ROAD_TO_COME };
            self.column(x, road - half, road + half, colour);
        }
        self.text(end as i32 - 20, level as i32 - 44, &format!("{:.0} %", progress * 100.0));
    }

    /// A line downwards, with soft ends.
    fn column(&mut self, x: usize, top: f32, bottom: f32, colour: Colour) {
        let whole = pack(colour);
        for y in top.floor().max(0.0) as usize..(bottom.ceil().max(0.0) as usize).min(self.height) {
            let cover = (bottom.min(y as f32 + 1.0) - top.max(y as f32)).clamp(0.0, 1.0);
            let pixel = &mut self.pixels[y * self.width + x];
            *pixel = if cover == 1.0 { whole } else { pack(mix(unpack(*pixel), colour, cover)) };
        }
    }

    pub(crate) fn text(&mut self, x: i32, y: i32, text: &str) {
        let style = MonoTextStyle::new(&FONT_10X20, INK);
        let Ok(_) = Text::with_baseline(text, Point::new(x, y), style, Baseline::Top).draw(self);
    }
}

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) else { continue };
            if x < self.width && y < self.height {
                self.pixels[y * self.width + x] = pack([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

/// Two waves that never quite meet, from -1 to 1.
fn swell(x: f32, time: f32) -> f32 {
    0.6 * (x * 0.021 + time).sin() + 0.4 * (x * 0.047 - time * 1.4).sin()
}

fn smooth(x: f32) -> f32 {
    x * x * (3.0 - 2.0 * x)
}

fn mix(from: Colour, to: Colour, part: f32) -> Colour {
    let part = part.clamp(0.0, 1.0);
    std::array::from_fn(|i| (f32::from(from[i]) + (f32::from(to[i]) - f32::from(from[i])) * part) as u8)
}

fn pack([r, g, b]: Colour) -> u32 {
    u32::from_be_bytes([0, r, g, b])
}

fn unpack(pixel: u32) -> Colour {
    let [_, r, g, b] = pixel.to_be_bytes();
    [r, g, b]
}
