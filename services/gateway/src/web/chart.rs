//! Where the lines and bars of a picture go. The templates draw them.

/// The room of a picture, in units of its view box.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// All pictures of the page have one size, so that their texts are alike.
pub const WIDTH: u32 = 640;
pub const HEIGHT: u32 = 280;

impl Room {
    /// What axes and their texts leave, large texts of a telephone included.
    pub const PLOT: Room = Room { left: 76.0, top: 24.0, width: 552.0, height: 208.0 };

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub fn right(&self) -> f64 {
        self.left + self.width
    }
}

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub at: f64,
    pub text: String,
}

/// A bar that stands on the axis.
#[derive(Clone, Debug)]
pub struct Bar {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    pub title: String,
}

/// An axis of counts from 0 to a round number that all values lie under.
#[derive(Clone, Debug)]
pub struct Scale {
    room: Room,
    top: i64,
    step: i64,
}

impl Scale {
    /// At most five steps of 1, 2 or 5 times a power of ten.
    pub fn over(room: Room, most: i64) -> Scale {
        let most = most.max(1);
        let mut step: i64 = 1;
        for factor in [2, 5, 2].into_iter().cycle() {
            if step * 5 >= most {
                break;
            }
            // 1, 2, 5, 10, 20, 50 …
            step = if factor == 5 { step / 2 * 5 } else { step * 2 };
        }
        Scale { room, top: (most + step - 1) / step * step, step }
    }

    pub fn y(&self, n: i64) -> f64 {
        round(self.room.bottom() - self.room.height * n as f64 / self.top as f64)
    }

    pub fn ticks(&self, text: impl Fn(i64) -> String) -> Vec<Tick> {
        (0..=self.top / self.step).map(|i| i * self.step).map(|n| Tick { at: self.y(n), text: text(n) }).collect()
    }

    /// A bar of so many; what is not nothing can be seen.
    pub fn bar(&self, x: f64, width: f64, n: i64, title: String) -> Bar {
        let height = if n > 0 { (self.room.bottom() - self.y(n)).max(1.0) } else { 0.0 };
        Bar { x: round(x), y: round(self.room.bottom() - height), width: round(width), height: round(height), title }
    }
}

/// One digit after the point is finer than any screen.
pub fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_on_a_round_number_above_all_values() {
        for (most, top, step) in [
            (0, 1, 1),
            (1, 1, 1),
            (5, 5, 1),
            (6, 6, 2),
            (11, 15, 5),
            (26, 30, 10),
            (700, 800, 200),
            (13_513, 15_000, 5_000),
        ] {
            let scale = Scale::over(Room::PLOT, most);
            assert_eq!((scale.top, scale.step), (top, step), "{most}");
            assert!(scale.ticks(|n| n.to_string()).len() <= 6);
        }
    }
}
