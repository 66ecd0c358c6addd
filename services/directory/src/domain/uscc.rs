//! The unified social credit code (统一社会信用代码, GB 32100): 17 characters and a check character.

/// No I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Whether it has the right length, characters and check character.
pub fn is_valid(code: &str) -> bool {
    let values: Option<Vec<usize>> = code.bytes().map(|b| ALPHABET.iter().position(|known| *known == b)).collect();
    match values.as_deref() {
        Some([body @ .., check]) if body.len() == 17 => {
            // Weights are the powers of 3 modulo 31.
            let (sum, _) = body.iter().fold((0, 1), |(sum, weight), value| (sum + value * weight, weight * 3 % 31));
            (31 - sum % 31) % 31 == *check
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn the_handbooks_codes_are_valid_and_no_other_last_character_is() {
        for code in ["11410223005380613G", "12410223MB0123456P", "91410223MA40000016"] {
            assert!(is_valid(code), "{code}");
            let others = "0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZg".chars().filter(|c| !code.ends_with(*c));
            for other in others {
                assert!(!is_valid(&format!("{}{other}", &code[..17])), "{code} with {other}");
            }
        }
    }

    #[test]
    fn what_is_no_code_is_not_valid() {
        for code in ["", "1", "11410223005380613", "11410223005380613GG", "11410223O05380613G", "１１410223005380613G"]
        {
            assert!(!is_valid(code), "{code}");
        }
    }
}
