//! The nouns as RPCs: parse, change, render.

pub mod attachment;
pub mod case;
pub mod facts;
pub mod inbox;
pub mod item;
pub mod list;
pub mod party;
pub mod receipt;
pub mod receive;
pub mod render;
pub mod watch;

use kit::admit::Place;

/// Where something named in a request belongs. A case's number says the unit (`410223-012-20160308-000017-X`).
pub fn place(name: &str) -> Place {
    let place = Place::of(name);
    let number = name.splitn(5, '/').collect::<Vec<_>>();
    match number.as_slice() {
        [_, _, "cases", number, ..] => Place { unit: number.split('-').nth(1).map(str::to_owned), ..place },
        _ => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_and_its_files_are_of_the_unit_in_the_number() {
        let of = |name: &str| place(name).unit;
        assert_eq!(of("divisions/410223/cases/410223-012-20160308-000017-X").as_deref(), Some("012"));
        let file = "divisions/410223/cases/410223-012-20160308-000017-X/attachments/00";
        assert_eq!(of(file).as_deref(), Some("012"));
        assert_eq!(of("divisions/410223/units/007").as_deref(), Some("007"));
        assert_eq!(of("divisions/410223"), None);
        assert_eq!(of("divisions/410223/cases/x"), None);
    }
}
