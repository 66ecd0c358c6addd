//! Names of what belongs to a division, from the codes that people type.

use crate::{peer::WHERE, trouble};

/// The code at the end of a resource name.
pub fn last(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// The division that codes belong to.
#[derive(clap::Args)]
pub struct Division {
    /// 行政区划代码 · Division, six digits
    #[arg(long, env = "YIZHAN_DIVISION", global = true, help_heading = WHERE)]
    division: Option<String>,
}

impl Division {
    /// `divisions/{division}`
    pub fn parent(&self) -> anyhow::Result<String> {
        let missing = || {
            trouble(
                "缺少行政区划：请加 --division 410223，或设置 YIZHAN_DIVISION",
                "the division is missing: add --division 410223, or set YIZHAN_DIVISION",
            )
        };
        Ok(format!("divisions/{}", self.division.as_deref().ok_or_else(missing)?))
    }

    /// The name of something of this division, whose code may be typed in small letters; a whole name stays as it is.
    pub fn name(&self, collection: &str, code: &str) -> anyhow::Result<String> {
        if code.contains('/') {
            return Ok(code.to_owned());
        }
        Ok(format!("{}/{collection}/{}", self.parent()?, code.to_ascii_uppercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_of_the_division_in_capitals_and_a_whole_name_stays_as_it_is() {
        let division = Division { division: Some("410223".into()) };
        assert_eq!(division.name("people", "u014-08").expect("a name"), "divisions/410223/people/U014-08");
        assert_eq!(division.name("people", "operators/root").expect("a name"), "operators/root");
        assert!(Division { division: None }.name("people", "U014-08").is_err());
    }
}
